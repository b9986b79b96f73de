"""The contents of a folder of images, and its comparison with the five benchmark sets.

The checksums in `benchmark_checksums/*.sha256` are those of the HR images as they are commonly
distributed. A set that differs from them gives other scores.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from iqlut.errors import InvalidArgument, PictureError
from iqlut.path_states import is_device, is_folder
from iqlut.pictures import reading

BENCHMARKS = ("Set5", "Set14", "B100", "Urban100", "Manga109")
LOW = re.compile(r"(^|_)LR(_|$)")  # a folder of low-resolution images, as DIV2K_train_LR_bicubic
# The image 0001x4 is 0001 downscaled by 4. The letters m, d and w stand for other filters than
# bicubic.
LOW_NAME = re.compile(r"(.+)x([2348])(?:[mdw]\d?)?")
SUFFIXES = (".png", ".bmp", ".webp", ".jpg", ".jpeg", ".tif", ".tiff")


@dataclass(frozen=True)
class FolderContents:
    """The contents of a folder.

    images      the number of readable images
    low         the number of low-resolution images beside them, as in DIV2K_train_LR_bicubic, which
                `images` does not include
    unreadable  the names of images that cannot be read
    mismatched  the names of low-resolution images for which no image of the matching size exists
    width_px    the smallest width of all images, 0 without images
    height_px   the smallest height of all images, 0 without images
    benchmark   the benchmark set that has these file names, or ""
    verified    the number of images that equal those of the benchmark
    changed, missing, extra   the names of files that differ from, are missing from or do not belong
                to the benchmark
    """

    folder: str
    images: int
    low: int
    unreadable: tuple[str, ...]
    mismatched: tuple[str, ...]
    width_px: int
    height_px: int
    megapixels: float
    benchmark: str
    verified: int
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether there are images and no problem was found."""
        problems = (self.unreadable, self.mismatched, self.changed, self.missing, self.extra)
        return bool(self.images) and not any(problems)


def check(folder: Path, after_file: Callable[[], object] = lambda: None) -> FolderContents:
    """Read every image below `folder` and report what was found.

    `after_file` is called after each image. Raises InvalidArgument if there are none.
    """
    files, low = image_files(folder), low_files(folder)
    sizes, unreadable, named = [], [], {}
    for file in files:
        size = _size(file)
        if size is None:
            unreadable.append(file.name)
        else:
            sizes.append(size)
            named[file.stem] = size
        after_file()
    benchmark, sums = _likeliest({file.name for file in files})
    readable = [file for file in files if benchmark and file.name not in unreadable]
    found = {file.name: _sha256(file) for file in readable}
    return FolderContents(
        folder=str(folder),
        images=len(sizes),
        low=len(low),
        unreadable=tuple(unreadable),
        mismatched=tuple(file.name for file in low if not _fits(file, named)),
        width_px=min((w for w, _ in sizes), default=0),
        height_px=min((h for _, h in sizes), default=0),
        megapixels=round(sum(w * h for w, h in sizes) / 1e6, 3),
        benchmark=benchmark,
        verified=sum(sums.get(name) == digest for name, digest in found.items()),
        changed=tuple(
            sorted(name for name in found.keys() & sums.keys() if found[name] != sums[name])
        ),
        missing=tuple(sorted(sums.keys() - found.keys())),
        extra=tuple(sorted(found.keys() - sums.keys())),
    )


def image_files(folder: Path) -> list[Path]:
    """The images below `folder`, sorted, except those in its folders of low-resolution images.

    For a folder with the layout of DIV2K or Flickr2K these are the HR images. If `folder` is one of
    its LR folders, they are the images in that folder. Raises InvalidArgument if there are none.
    """
    files = [file for file in _all_files(folder) if not _is_low(file, folder)]
    if not files:
        only = "only low-resolution images" if low_files(folder) else "no images"
        raise InvalidArgument(
            f"{folder} holds {only}, expected some of {', '.join(SUFFIXES)}; check the path"
        )
    return files


def low_files(folder: Path) -> list[Path]:
    """The images in the folders of low-resolution images below `folder`, sorted."""
    return [file for file in _all_files(folder) if _is_low(file, folder)]


def _all_files(folder: Path) -> list[Path]:
    if not is_folder(folder):
        raise InvalidArgument(
            f"{folder} is not a folder, expected a folder of images; check the path"
        )
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES and not is_device(file)
    )


def _is_low(file: Path, folder: Path) -> bool:
    return any(LOW.search(part) for part in file.relative_to(folder).parent.parts)


def _fits(low: Path, sizes: dict[str, tuple[int, int]]) -> bool:
    """Whether a low-resolution image has the size of its HR image divided by its scale.

    The name of the file, or of its folder, tells both: 0001x4.png or X4/0001.png.
    """
    size, named = _size(low), LOW_NAME.fullmatch(low.stem)
    stem, scale = low.stem, low.parent.name.lower().removeprefix("x")
    if named:
        stem, scale = named.groups()
    if size is None or stem not in sizes or scale not in ("2", "3", "4", "8"):
        return False
    # A side that is not a multiple of the scale is rounded down in some sets and up in others.
    least = [side // int(scale) for side in sizes[stem]]
    most = [-(-side // int(scale)) for side in sizes[stem]]
    return all(low <= side <= high for low, side, high in zip(least, size, most, strict=True))


def checksums(benchmark: str) -> dict[str, str]:
    """The SHA-256 of each file, by its name, for one of `BENCHMARKS`."""
    folder = resources.files("iqlut.evaluation") / "benchmark_checksums"
    text = (folder / f"{benchmark}.sha256").read_text(encoding="ascii")
    return {name: digest for digest, name in (line.split("  ") for line in text.splitlines())}


def _likeliest(names: set[str]) -> tuple[str, dict[str, str]]:
    """The benchmark that shares the most file names with a folder, and its checksums.

    The name is "" and the checksums are empty unless it shares more than half of the names.
    """
    best = max(BENCHMARKS, key=lambda benchmark: len(names & checksums(benchmark).keys()))
    sums = checksums(best)
    return (best, sums) if 2 * len(names & sums.keys()) > len(names) else ("", {})


def _size(file: Path) -> tuple[int, int] | None:
    """The width and height of an image after its EXIF rotation, or None if it cannot be read."""
    try:
        return reading.read_file(file).size
    except PictureError:
        return None


def _sha256(file: Path) -> str:
    return hashlib.sha256(reading.file_bytes(file)).hexdigest()
