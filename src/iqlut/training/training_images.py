"""The planes of a folder of images, decoded once into a memory-mapped cache.

Whole planes are downscaled, so that a patch has the same pixels as the same place of a test image.
The filter is the MATLAB-compatible bicubic one, unless the configuration names others.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from iqlut.errors import BadData, PictureError
from iqlut.evaluation import degradation
from iqlut.evaluation.image_sets import image_files
from iqlut.file_kinds import PNG_SIGNATURE
from iqlut.network.configuration import DegradeConfig, TrainConfig
from iqlut.pictures import eight_bits
from iqlut.planes import colour, resize
from iqlut.training import codec_damage, drawn_graphics, patch_damage, plane_cache
from iqlut.training.patches import UNDAMAGED, Planes
from iqlut.training.plane_cache import PlaneWriter

_PIECE_BYTES = 1 << 20
_NAMED = 5  # the largest number of images that an error message names
_GRAYS = 256  # flat planes of the size of a patch, one for each grey level
_LAYOUT = 2  # of the arrays of a cache
_NO_COLOUR = 128  # Cb and Cr of grey
_FILTERS, _GRAPHICS = 1, 2  # parts of seeds, which separate random numbers for different purposes


def load(
    config: TrainConfig, scale: int, cache: Path, progress: Callable[[str, int, int], None],
    damage: DegradeConfig = UNDAMAGED, threads: int = 1,
) -> Planes:  # fmt: skip
    """The planes of the images in the folder `config.data`, decoded now or taken from `cache`.

    `progress(what, done, total)` is called while images are decoded, by `threads` threads. Raises
    BadData if the folder cannot be used, and BadConfig if `damage` needs a package that is missing.
    """
    codec_damage.check(damage)
    images = [file for file in _examples(config) if file.stem not in config.exclude]
    if not images:
        raise BadData(
            f"train.exclude names every image in {config.data}, expected some others; remove names "
            "from it or add images"
        )
    recipe = PlaneRecipe(config, damage, scale)
    key = _key(images, recipe)
    place = cache / f"{key[:16]}-{_LAYOUT}"
    if (kept := plane_cache.read(place)) is None:
        job = _Decoding(images, recipe, progress, threads)
        plane_cache.write(place, key, lambda planes: _decode(job, planes))
        kept = plane_cache.read(place)
        assert kept is not None, "it was just written"
    arrays, about = kept
    return Planes(
        arrays["hr"],
        arrays["lr"],
        np.array(about["sizes"]),
        scale,
        tuple(about["skipped"]),
        key,
        recipe.sections,
        arrays["chroma"],
        damage,
        len(recipe.damage.filters),
    )


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


@dataclass(frozen=True)
class _Decoding:
    """The images to decode, what is made of them, and by how many threads."""

    images: list[Path]
    recipe: PlaneRecipe
    progress: Callable[[str, int, int], None]
    threads: int


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
        np.asarray(colours.convert("L"))
        if config.planes == "full-range luma"
        else colour.benchmark_luma(rgb)
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


_MadePlane = tuple[np.ndarray, list[np.ndarray], np.ndarray]  # the arguments of PlaneWriter.add


def _made_planes(number: int, file: Path, recipe: PlaneRecipe) -> list[_MadePlane | None] | str:
    """The planes of an image, None for each that is too small; one sentence if it cannot be read.

    A plane has to be as large as a patch. `number` is that of the image, from which
    filters that are drawn take their random numbers.
    """
    rng = np.random.default_rng((_FILTERS, number))
    made: list[_MadePlane | None] = []
    try:
        planes = list(_planes_of(file, recipe.train, recipe.scale))
    except BadData as error:
        return str(error)
    for plane, chroma in planes:
        if min(plane.shape) // recipe.scale < recipe.train.patch:
            made.append(None)
            continue
        small = (
            [degradation.downscale(part, recipe.scale, "box") for part in chroma]
            if recipe.in_colour
            else []
        )
        made.append((plane, _low(plane, recipe, rng), np.array(small, np.uint8)))
    return made


def _decoded(job: _Decoding) -> Iterator[list[_MadePlane | None] | str]:
    """Yield what `_made_planes` returns for each image, in order, from several threads.

    Only a few images more than there are threads are in memory at a time.
    """
    waiting: deque[Future[list[_MadePlane | None] | str]] = deque()
    with ThreadPoolExecutor(job.threads) as pool:
        for number, file in enumerate(job.images):
            waiting.append(pool.submit(_made_planes, number, file, job.recipe))
            if len(waiting) > job.threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _decode(job: _Decoding, planes: PlaneWriter) -> list[str]:
    """Add all planes of a training set, and return the names of images that were left out.

    Raises BadData if some images are bad or none is usable.
    """
    config, skipped, bad = job.recipe.train, [], []
    for done, made in enumerate(_decoded(job)):
        job.progress("decoding", done, len(job.images))
        if isinstance(made, str):
            bad.append(made)
            continue
        if any(one is None for one in made):
            skipped.append(job.images[done].name)
        for one in filter(None, made):
            planes.add(*one)
    if bad:
        more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        raise BadData(
            f"{'; '.join(bad[:_NAMED])}{more}; remove the unreadable files from {config.data}"
        )
    if not planes.sizes:
        raise BadData(
            f"every image in {config.data} is smaller than a patch, expected at least "
            f"{config.patch * job.recipe.scale} pixels a side; lower train.patch or add larger "
            "images"
        )
    _draw_graphics(planes, job)
    _add_flats(planes, job.recipe)
    return skipped


def _draw_graphics(planes: PlaneWriter, job: _Decoding) -> None:
    """Add the planes of drawn graphics, if the configuration uses them."""
    recipe = job.recipe
    for number in range(recipe.damage.graphics if recipe.damage.graphics_share else 0):
        job.progress("drawing", number, recipe.damage.graphics)
        low, high = drawn_graphics.render(recipe.scale, np.random.default_rng((_GRAPHICS, number)))
        _add_made(planes, recipe, high, low)


def _add_flats(planes: PlaneWriter, recipe: PlaneRecipe) -> None:
    """Add a flat plane for each grey level, if the configuration uses them."""
    side = recipe.train.patch
    for gray in range(_GRAYS) if recipe.train.flats else ():
        flat = np.full((side, side), gray, np.uint8)
        _add_made(planes, recipe, np.full((side * recipe.scale,) * 2, gray, np.uint8), flat)


def _add_made(planes: PlaneWriter, recipe: PlaneRecipe, high: np.ndarray, low: np.ndarray) -> None:
    """Add a grey plane whose low resolution is the same for every filter."""
    gray = np.full((2, low.size if recipe.in_colour else 0), _NO_COLOUR, np.uint8)
    planes.add(high, [low] * len(recipe.damage.filters), gray)
