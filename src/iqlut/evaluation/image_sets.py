"""What a folder of images holds, and whether it is one of the five benchmark sets, file for file.

The checksums beside this module (`benchmarks/*.sha256`) are of the HR images as the field hands them
around; a set that differs gives other numbers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from iqlut.errors import PictureError
from iqlut.pictures import reading

BENCHMARKS = ("Set5", "Set14", "B100", "Urban100", "Manga109")
LOW = re.compile(r"(^|_)LR(_|$)")  # a folder of low-resolution images, as DIV2K_train_LR_bicubic
LOW_NAME = re.compile(
    r"(.+)x([2348])(?:[mdw]\d?)?"
)  # 0001x4 is 0001 made small; m, d, w: not by bicubic
SUFFIXES = (".png", ".bmp", ".webp", ".jpg", ".jpeg", ".tif", ".tiff")


@dataclass(frozen=True)
class FolderContents:
    """What is in a folder.

    images      readable ones; unreadable: the names of those that are not
    low         low-resolution images beside them (DIV2K_train_LR_bicubic and the like), which are not counted above
    mismatched  the names of low-resolution images without an image so many times as large
    width_px, height_px   of the smallest image, each side for itself (0 without images)
    benchmark   the set whose names these are, or ""
    verified    images equal to those of the benchmark; changed, missing, extra: names
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
        """Whether nothing is wrong."""
        wrong = (self.unreadable, self.mismatched, self.changed, self.missing, self.extra)
        return bool(self.images) and not any(wrong)


def check(folder: Path, after_file: Callable[[], object] = lambda: None) -> FolderContents:
    """Reads every image below `folder`; ValueError where there are none."""
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
    found = {file.name: _sha256(file) for file in files} if benchmark else {}
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
    """The images below `folder`, sorted, without those in its folders of low-resolution ones; ValueError for none.

    So a folder laid out as DIV2K or Flickr2K are distributed gives its HR images, and one of its LR folders its own.
    """
    files = [file for file in _all_files(folder) if not _is_low(file, folder)]
    if not files:
        only = "only low-resolution images" if low_files(folder) else "no images"
        raise ValueError(f"{folder} holds {only}; expected some of {', '.join(SUFFIXES)}")
    return files


def low_files(folder: Path) -> list[Path]:
    """The images in its folders of low-resolution ones, sorted."""
    return [file for file in _all_files(folder) if _is_low(file, folder)]


def _all_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; expected a folder of images")
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)


def _is_low(file: Path, folder: Path) -> bool:
    return any(LOW.search(part) for part in file.relative_to(folder).parent.parts)


def _fits(low: Path, sizes: dict[str, tuple[int, int]]) -> bool:
    """Whether a low-resolution image has the size of the one it is named after, divided by its scale."""
    size, named = _size(low), LOW_NAME.fullmatch(low.stem)
    stem, scale = (
        named.groups() if named else (low.stem, low.parent.name.lower().removeprefix("x"))
    )  # X4/0001.png
    if size is None or stem not in sizes or scale not in ("2", "3", "4", "8"):
        return False
    least = [
        side // int(scale) for side in sizes[stem]
    ]  # some round up where a side is no multiple
    most = [-(-side // int(scale)) for side in sizes[stem]]
    return all(low <= side <= high for low, side, high in zip(least, size, most, strict=True))


def checksums(benchmark: str) -> dict[str, str]:
    """file name -> sha256, for one of `BENCHMARKS`."""
    text = (
        resources.files("iqlut.evaluation") / "benchmark_checksums" / f"{benchmark}.sha256"
    ).read_text(encoding="ascii")
    return {name: digest for digest, name in (line.split("  ") for line in text.splitlines())}


def _likeliest(names: set[str]) -> tuple[str, dict[str, str]]:
    """The benchmark with which a folder shares most of its names, if it is most of them."""
    best = max(BENCHMARKS, key=lambda benchmark: len(names & checksums(benchmark).keys()))
    sums = checksums(best)
    return (best, sums) if 2 * len(names & sums.keys()) > len(names) else ("", {})


def _size(file: Path) -> tuple[int, int] | None:
    """Width and height of an image, upright; None where it cannot be read to its end."""
    try:
        return reading.read_file(file).size
    except PictureError:
        return None


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
