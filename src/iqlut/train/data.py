"""Training pairs: planes decoded once into a memory-mapped cache, patches cropped from them.

Low-resolution planes are made from whole planes by our own MATLAB-compatible bicubic, as the test
sets' are, so a patch is what a test image would have there. A step's patches depend on the seed and
the step's number only: a resumed run sees exactly what an uninterrupted one does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from iqlut import files
from iqlut import image as im
from iqlut.config import TrainConfig
from iqlut.datasets import image_files
from iqlut.turns import turned

_NAMED = 5  # images that a sentence names
_GRAYS = 256  # flat planes after those of the images, of a patch each, where some patches shall be flat


class BadData(ValueError):
    """A folder that cannot be trained on. The message is one sentence."""


@dataclass(frozen=True, eq=False)
class Planes:
    """All planes of a training set, one after the other.

    hr      uint8 (samples,), sides multiples of `scale`
    lr      uint8 (samples / scale**2,)
    sizes   int (planes, 2): low-resolution height and width
    skipped names of images smaller than a patch
    flats   part of the patches that are drawn from the last planes, one for each gray
    """

    hr: np.ndarray
    lr: np.ndarray
    sizes: np.ndarray
    scale: int
    skipped: tuple[str, ...]
    sha256: str
    flats: float = 0.0

    def __post_init__(self) -> None:
        areas = self.sizes.prod(axis=1)
        object.__setattr__(self, "_ends", np.cumsum(areas))

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR (h, w) and HR (scale * h, scale * w) of one plane."""
        h, w = self.sizes[index]
        end = int(self._ends[index])  # type: ignore[attr-defined]
        start, r = end - h * w, self.scale
        return self.lr[start:end].reshape(h, w), self.hr[start * r * r : end * r * r].reshape(h * r, w * r)

    def patches(
        self, seed: int, step: int, batch: int, patch: int, part: tuple[int, int] = (0, 1)
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """The patches of one step: LR (n, patch, patch) and HR (n, patch, patch, scale**2), by phases.

        Planes are drawn by their area (flat ones apart), then one of the eight flips and turns. `part` (i, of)
        takes every `of`-th of the batch from the i-th on: what one of several processes trains on.
        """
        draws, r = self.draws(seed, step, batch, patch)[part[0] :: part[1]], self.scale
        lr = np.empty((len(draws), patch, patch), np.uint8)
        hr = np.empty((len(draws), patch, patch, r * r), np.uint8)
        for n, (start, width, corner, turn) in enumerate(draws):
            y, x = divmod(corner, width)
            lr[n] = turned(_crop(self.lr, start, width, (y, x), patch), turn)
            crop = turned(_crop(self.hr, start * r * r, width * r, (y * r, x * r), patch * r), turn)
            hr[n] = crop.reshape(patch, r, patch, r).transpose(0, 2, 1, 3).reshape(patch, patch, r * r)
        return lr, hr

    def draws(self, seed: int, step: int, batch: int, patch: int) -> np.ndarray:
        """The patches of one step as int64 (batch, 4).

        Where the plane starts in `lr`, its width, where in it the patch starts, and the number of its turn.
        """
        ends = self._ends  # type: ignore[attr-defined]
        where, down, right, turn = np.random.default_rng((seed, step)).random((batch, 4)).T
        index = np.searchsorted(ends, (self._spread(where) * ends[-1]).astype(np.int64), side="right")
        height, width = self.sizes[index].T
        y, x = ((draw * (side - patch + 1)).astype(np.int64) for draw, side in ((down, height), (right, width)))
        return np.stack([ends[index] - height * width, width, y * width + x, (8 * turn).astype(np.int64)], axis=1)

    def _spread(self, where: np.ndarray) -> np.ndarray:
        """Draws in [0, 1) as parts of the area of all planes, so that `flats` of them fall into flat planes."""
        if not self.flats:
            return where
        ends = self._ends  # type: ignore[attr-defined]
        images = ends[-1 - _GRAYS] / ends[-1]
        flat = images + where / self.flats * (1 - images)
        return np.where(where < self.flats, flat, (where - self.flats) / (1 - self.flats) * images)


def _crop(flat: np.ndarray, start: int, width: int, corner: tuple[int, int], side: int) -> np.ndarray:
    y, x = corner
    first = start + y * width
    return flat[first : first + side * width].reshape(side, width)[:, x : x + side]


def load(config: TrainConfig, scale: int, cache: Path, progress: Callable[[str, int, int], None]) -> Planes:
    """The planes of the folder `config.data`, decoded now or taken from `cache`.

    `progress(what, done, total)` is told of the decoding.
    """
    images = [file for file in _examples(config) if file.stem not in config.exclude]
    key = _key(images, config, scale)
    place = cache / key[:16]
    if not (place / "planes.json").exists():
        _decode(images, config, scale, place, key, progress)
    about = json.loads((place / "planes.json").read_text())
    hr, lr = (np.load(place / f"{name}.npy", mmap_mode="r") for name in ("hr", "lr"))
    return Planes(hr, lr, np.array(about["sizes"]), scale, tuple(about["skipped"]), key, config.flats)


def _examples(config: TrainConfig) -> list[Path]:
    """The images of the folder, without those of a folder in it that is for validation."""
    folder, validation = Path(config.data).resolve(), Path(config.validation).resolve()
    images = image_files(Path(config.data))
    if folder not in validation.parents:
        return images
    return [file for file in images if validation not in file.resolve().parents]


def _key(images: list[Path], config: TrainConfig, scale: int) -> str:
    how = [scale, config.planes, config.shrinks, config.patch]
    how += ["flats"] * bool(config.flats) + [config.grids] * (config.grids > 1)  # older caches have neither
    digest = hashlib.sha256(json.dumps(how).encode())
    for file in images:
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _planes_of(file: Path, config: TrainConfig, scale: int) -> Iterator[np.ndarray]:
    """The planes of an image in each size and on each grid asked for, sides multiples of `scale`."""
    try:
        with Image.open(file) as opened:
            if opened.mode.startswith(("I", "F")):  # Pillow would cut 16 bits off, not round them
                raise BadData(f"its mode is {opened.mode}, wanted 8 bits")
            rgb = np.asarray(opened.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadData(f"{file} cannot be read ({error})") from None
    planes = [im.luma(rgb)]
    if config.planes == "luma+rgb":
        planes += [rgb[:, :, channel] for channel in range(3)]
    for plane in planes:
        for size in config.shrinks:
            h, w = (max(1, round(side * size)) for side in plane.shape)
            sized = im.resize(plane, h, w) if size != 1 else plane
            for top, left in product(range(config.grids), repeat=2):
                yield im.mod_crop(sized[top * scale // config.grids :, left * scale // config.grids :], scale)


def _decode(
    images: list[Path],
    config: TrainConfig,
    scale: int,
    place: Path,
    key: str,
    progress: Callable[[str, int, int], None],
) -> None:
    hrs, lrs, sizes, skipped, bad = [], [], [], [], []
    for done, file in enumerate(images):
        progress("decoding", done, len(images))
        try:
            planes = list(_planes_of(file, config, scale))
        except BadData as error:
            bad.append(str(error))
            continue
        for plane in planes:
            h, w = plane.shape[0] // scale, plane.shape[1] // scale
            if min(h, w) < config.patch:
                skipped.append(file.name)
                continue
            hrs.append(plane.ravel())
            lrs.append(im.resize(plane, h, w).ravel())
            sizes.append((h, w))
    if bad:
        more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        raise BadData(f"{'; '.join(bad[:_NAMED])}{more}; remove what cannot be read from {config.data}")
    if not sizes:
        raise BadData(f"every image in {config.data} is smaller than a patch of {config.patch * scale} pixels")
    for gray in range(_GRAYS) if config.flats else ():
        hrs.append(np.full((config.patch * scale) ** 2, gray, np.uint8))
        lrs.append(np.full(config.patch**2, gray, np.uint8))
        sizes.append((config.patch, config.patch))
    about = json.dumps({"sizes": sizes, "skipped": sorted(set(skipped)), "sha256": key})
    _keep(place, hrs, lrs, about)


def _keep(place: Path, hrs: list[np.ndarray], lrs: list[np.ndarray], about: str) -> None:
    """Writes a cache; `planes.json` last, so that a cache is whole where that is."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, parts in (("hr", hrs), ("lr", lrs)):
            whole = np.concatenate(parts)
            files.write_atomically(place / f"{name}.npy", lambda file, whole=whole: np.save(file, whole))
        files.write_atomically(place / "planes.json", lambda file: file.write(about.encode()))
    except OSError as error:
        raise BadData(
            f"{place} cannot be written ({error.strerror or error}); make room for the decoded images"
        ) from None
