"""The planes of a folder of images, decoded once into a memory-mapped cache.

Whole planes are downscaled, so that a patch has the same pixels as the same place of a test image.
The filter is the MATLAB-compatible bicubic one, unless the configuration names others.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from iqlut import atomic_files
from iqlut.errors import BadData, PictureError
from iqlut.evaluation import degradation
from iqlut.evaluation.image_sets import image_files
from iqlut.file_kinds import PNG_SIGNATURE
from iqlut.network.configuration import DegradeConfig, TrainConfig
from iqlut.pictures import eight_bits
from iqlut.planes import colour, resize
from iqlut.training import codec_damage, drawn_graphics, patch_damage
from iqlut.training.patches import UNDAMAGED, Planes

_PIECE_BYTES = 1 << 20
_NAMED = 5  # the largest number of images that an error message names
_GRAYS = 256  # flat planes of the size of a patch, one for each grey level
_ARRAYS = ("hr", "lr", "chroma")  # files of a cache
_NO_COLOUR = 128  # Cb and Cr of grey
_FILTERS, _GRAPHICS = 1, 2  # parts of seeds, which separate random numbers for different purposes


def load(
    config: TrainConfig, scale: int, cache: Path, progress: Callable[[str, int, int], None],
    damage: DegradeConfig = UNDAMAGED,
) -> Planes:  # fmt: skip
    """The planes of the images in the folder `config.data`, decoded now or taken from `cache`.

    `progress(what, done, total)` is called while images are decoded. Raises BadData if the folder
    cannot be used, and BadConfig if `damage` needs a package that is missing.
    """
    codec_damage.check(damage)
    images = [file for file in _examples(config) if file.stem not in config.exclude]
    recipe = PlaneRecipe(config, damage, scale)
    key = _key(images, recipe)
    place = cache / key[:16]
    if not (place / "planes.json").exists():
        _decode(images, recipe, place, key, progress)
    about = json.loads((place / "planes.json").read_text())
    hr, lr, chroma = (np.load(place / f"{name}.npy", mmap_mode="r") for name in _ARRAYS)
    planes = Planes(
        hr,
        lr,
        np.array(about["sizes"]),
        scale,
        tuple(about["skipped"]),
        key,
        recipe.sections,
        chroma,
    )
    return replace(planes, damage=damage)


def _examples(config: TrainConfig) -> list[Path]:
    """The training images, without those of a validation folder that lies inside their folder."""
    folder, validation = Path(config.data).resolve(), Path(config.validation).resolve()
    images = image_files(Path(config.data))
    if folder not in validation.parents:
        return images
    return [file for file in images if validation not in file.resolve().parents]


@dataclass(frozen=True)
class PlaneRecipe:
    """Everything except the images that decides which planes are made of them."""

    train: TrainConfig
    damage: DegradeConfig
    scale: int

    @property
    def sections(self) -> tuple[tuple[int, float], ...]:
        """See `Planes`. Flat planes are the last section, drawn graphics the one before."""
        flats, drawn = self.train.flats, self.damage.graphics_share
        return ((_GRAYS, flats),) * (flats > 0) + ((self.damage.graphics, drawn),) * (drawn > 0)

    @property
    def in_colour(self) -> bool:
        """Whether a patch can be a JPEG in colour."""
        return (
            self.damage.colour_share * (self.damage.jpeg_share + self.damage.noise_jpeg_share) > 0
        )


def _key(images: list[Path], recipe: PlaneRecipe) -> str:
    """The SHA-256 of the images and of what decides their planes, which names the cache."""
    config, damage = recipe.train, recipe.damage
    how = [recipe.scale, config.planes, config.shrinks, config.patch]
    # only where they are set, so that caches of older configurations keep their names
    how += ["flats"] * bool(config.flats) + [config.grids] * (config.grids > 1)
    if damage.filters != UNDAMAGED.filters or recipe.in_colour or damage.graphics_share:
        how += [damage.filters, recipe.in_colour, damage.graphics * (damage.graphics_share > 0)]
    digest = hashlib.sha256(json.dumps(how).encode())
    for file in images:
        content, start = hashlib.sha256(), b""
        with file.open("rb") as opened:  # in pieces, since it may be larger than the memory
            while piece := opened.read(_PIECE_BYTES):
                start = start or piece
                content.update(piece)
        digest.update(os.fsencode(file.name) + content.digest())
        if start.startswith(PNG_SIGNATURE) and start[24:25] == b"\x10":
            digest.update(b"rounded")  # older caches of 16-bit files hold truncated samples
    return digest.hexdigest()


@dataclass
class _PlaneArrays:
    """The arrays of a cache while planes are added to them."""

    hr: list[np.ndarray] = field(default_factory=list)
    lr: list[np.ndarray] = field(default_factory=list)
    chroma: list[np.ndarray] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)

    def add(self, high: np.ndarray, lows: list[np.ndarray], chroma: np.ndarray) -> None:
        """Add a plane, its downscaled versions and its Cb and Cr.

        `high` is uint8 (scale * h, scale * w), each of `lows` uint8 (h, w), and `chroma` uint8
        (2, h, w) or empty.
        """
        self.hr.append(high.ravel())
        self.lr.append(np.stack([low.ravel() for low in lows]))
        self.chroma.append(chroma.reshape(2, -1))
        self.sizes.append(lows[0].shape)


def _planes_of(
    file: Path, config: TrainConfig, scale: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each plane of an image, (h, w), in each configured size and grid, with its chroma.

    The sides are multiples of `scale`. The chroma, Cb and Cr, is (2, h, w). Raises BadData if the
    image cannot be read.
    """
    try:
        colours = Image.fromarray(eight_bits.read(file)).convert("RGB")
    except PictureError as error:
        raise BadData(str(error)) from None
    rgb, chroma = np.asarray(colours), np.asarray(colours.convert("YCbCr"))[:, :, 1:]
    planes = [
        np.asarray(colours.convert("L")) if config.planes == "full-range luma" else colour.luma(rgb)
    ]
    if config.planes == "luma+rgb":
        planes += [rgb[:, :, channel] for channel in range(3)]
    for plane in planes:
        for size in config.shrinks:
            h, w = (max(1, round(side * size)) for side in plane.shape)
            sized = [
                part if size == 1 else resize.resize(part, h, w)
                for part in (plane, chroma[:, :, 0], chroma[:, :, 1])
            ]
            for top, left in product(range(config.grids), repeat=2):
                begin = np.s_[top * scale // config.grids :, left * scale // config.grids :]
                high, *rest = (resize.mod_crop(part[begin], scale) for part in sized)
                yield high, np.stack(rest)


def _low(plane: np.ndarray, recipe: PlaneRecipe, rng: np.random.Generator) -> list[np.ndarray]:
    """The plane downscaled by each filter."""
    return [
        patch_damage.low_resolution(plane, recipe.scale, how, rng) for how in recipe.damage.filters
    ]


def _decode(
    images: list[Path], recipe: PlaneRecipe, place: Path, key: str,
    progress: Callable[[str, int, int], None],
) -> None:  # fmt: skip
    """Decode images into the cache `place`; raises BadData if some are bad or none is usable."""
    config, scale, parts, skipped, bad = recipe.train, recipe.scale, _PlaneArrays(), [], []
    for done, file in enumerate(images):
        progress("decoding", done, len(images))
        rng = np.random.default_rng((_FILTERS, done))
        try:
            planes = list(_planes_of(file, config, scale))
        except BadData as error:
            bad.append(str(error))
            continue
        for plane, chroma in planes:
            h, w = plane.shape[0] // scale, plane.shape[1] // scale
            if min(h, w) < config.patch:
                skipped.append(file.name)
                continue
            small = (
                [degradation.downscale(part, scale, "box") for part in chroma]
                if recipe.in_colour
                else []
            )
            parts.add(plane, _low(plane, recipe, rng), np.array(small, np.uint8))
    if bad:
        more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        raise BadData(
            f"{'; '.join(bad[:_NAMED])}{more}; remove the unreadable files from {config.data}"
        )
    if not parts.sizes:
        raise BadData(
            f"every image in {config.data} is smaller than a patch, expected at least "
            f"{config.patch * scale} pixels a side; lower train.patch or add larger images"
        )
    _draw_graphics(parts, recipe, progress)
    _add_flats(parts, recipe)
    about = json.dumps({"sizes": parts.sizes, "skipped": sorted(set(skipped)), "sha256": key})
    _keep(place, parts, about)


def _draw_graphics(
    parts: _PlaneArrays, recipe: PlaneRecipe, progress: Callable[[str, int, int], None]
) -> None:
    """Add the planes of drawn graphics, if the configuration uses them."""
    for number in range(recipe.damage.graphics if recipe.damage.graphics_share else 0):
        progress("drawing", number, recipe.damage.graphics)
        low, high = drawn_graphics.render(recipe.scale, np.random.default_rng((_GRAPHICS, number)))
        _add_made(parts, recipe, high, low)


def _add_flats(parts: _PlaneArrays, recipe: PlaneRecipe) -> None:
    """Add a flat plane for each grey level, if the configuration uses them."""
    side = recipe.train.patch
    for gray in range(_GRAYS) if recipe.train.flats else ():
        flat = np.full((side, side), gray, np.uint8)
        _add_made(parts, recipe, np.full((side * recipe.scale,) * 2, gray, np.uint8), flat)


def _add_made(parts: _PlaneArrays, recipe: PlaneRecipe, high: np.ndarray, low: np.ndarray) -> None:
    """Add a grey plane whose low resolution is the same for every filter."""
    gray = np.full((2, low.size if recipe.in_colour else 0), _NO_COLOUR, np.uint8)
    parts.add(high, [low] * len(recipe.damage.filters), gray)


def _keep(place: Path, parts: _PlaneArrays, about: str) -> None:
    """Write the files of a cache, `planes.json` last: a cache that has it is complete.

    Raises BadData if a file cannot be written.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            whole = np.concatenate(getattr(parts, name), axis=-1)
            atomic_files.write_atomically(
                place / f"{name}.npy", lambda file, whole=whole: np.save(file, whole)
            )
        atomic_files.write_atomically(
            place / "planes.json", lambda file: file.write(about.encode())
        )
    except OSError as error:
        raise BadData(
            f"{place} cannot be written ({error.strerror or error}), expected room for the "
            "decoded images; free some space"
        ) from None
