"""The cache of the decoded planes of a training set: written plane by plane, memory-mapped to read.

A cache is a folder with three arrays of uint8, each a flat sequence of planes, and a description:

hr.npy        the high-resolution planes
lr.npy        for each plane, its downscaled versions, one for each filter
chroma.npy    for each plane, Cb and Cr at the low resolution, or nothing
planes.json   low-resolution sizes, names of skipped images, hash; written last
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from iqlut import atomic_files
from iqlut.errors import BadData

_ARRAYS = ("hr", "lr", "chroma")
_DESCRIPTION = "planes.json"


class PlaneWriter:
    """Appends planes to the three arrays of a cache."""

    def __init__(self, files: tuple[io.BufferedIOBase, ...]) -> None:
        self._files = files
        self._samples = [0] * len(files)
        self._starts = [_write_header(file, 0) for file in files]
        self.sizes: list[tuple[int, int]] = []

    def add(self, high: np.ndarray, lows: list[np.ndarray], chroma: np.ndarray) -> None:
        """Add a plane, its downscaled versions and its Cb and Cr.

        `high` is uint8 (scale * h, scale * w), each of `lows` uint8 (h, w), and `chroma` uint8
        (2, h, w) or empty.
        """
        for number, values in enumerate(([high], lows, [chroma])):
            for value in values:
                self._files[number].write(np.ascontiguousarray(value).data)
                self._samples[number] += value.size
        self.sizes.append(lows[0].shape)

    def finish(self) -> None:
        """Write how many samples the arrays have."""
        for file, samples, start in zip(self._files, self._samples, self._starts, strict=True):
            file.seek(0)
            assert _write_header(file, samples) == start, "all headers have the same length"


def _write_header(file: io.BufferedIOBase, samples: int) -> int:
    """Write the header of a .npy file of a flat array, and return its length."""
    about = {"descr": "|u1", "fortran_order": False, "shape": (samples,)}
    np.lib.format.write_array_header_1_0(file, about)  # type: ignore[arg-type]
    return file.tell()


def write(place: Path, key: str, fill: Callable[[PlaneWriter], list[str]]) -> None:
    """Write a cache whose planes `fill` adds; it returns the names of skipped images.

    `planes.json` is written last: a cache that has it is complete. Raises BadData if a file cannot
    be written, and what `fill` raises.
    """

    def fill_files(files: tuple[io.BufferedIOBase, ...]) -> dict[str, Any]:
        planes = PlaneWriter(files)
        skipped = fill(planes)
        planes.finish()
        return {"sizes": planes.sizes, "skipped": sorted(set(skipped)), "sha256": key}

    try:
        place.mkdir(parents=True, exist_ok=True)
        atomic_files.sweep(place)
        about = json.dumps(_with_files(place, _ARRAYS, fill_files))
        atomic_files.write_atomically(place / _DESCRIPTION, lambda file: file.write(about.encode()))
    except OSError as error:
        raise BadData(
            f"{place} cannot be written ({error.strerror or error}), expected room for the "
            "decoded images; free some space"
        ) from None


def _with_files(
    place: Path, names: tuple[str, ...], fill: Callable[[tuple[io.BufferedIOBase, ...]], Any]
) -> Any:
    """Call `fill` with a temporary file for each of these arrays, which then get their names."""
    if not names:
        return fill(())
    return atomic_files.write_atomically(
        place / f"{names[0]}.npy",
        lambda file: _with_files(place, names[1:], lambda others: fill((file, *others))),
    )


def read(place: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """The arrays of a complete cache and its description, or None if there is none."""
    if not (place / _DESCRIPTION).exists():
        return None
    arrays = {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
    return arrays, json.loads((place / _DESCRIPTION).read_text())
