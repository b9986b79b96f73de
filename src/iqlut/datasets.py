"""What a folder of images holds, and whether it is one of the five benchmark sets, file for file.

The checksums beside this module (`benchmarks/*.sha256`) are of the HR images as the field hands them
around; a set that differs gives other numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from PIL import Image

BENCHMARKS = ("Set5", "Set14", "B100", "Urban100", "Manga109")
SUFFIXES = (".png", ".bmp", ".webp", ".jpg", ".jpeg", ".tif", ".tiff")


@dataclass(frozen=True)
class Report:
    """What is in a folder.

    images      readable ones; unreadable: the names of those that are not
    width_px, height_px   of the smallest image, each side for itself (0 without images)
    benchmark   the set whose names these are, or ""
    verified    images equal to those of the benchmark; changed, missing, extra: names
    """

    folder: str
    images: int
    unreadable: tuple[str, ...]
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
        return bool(self.images) and not (self.unreadable or self.changed or self.missing or self.extra)


def check(folder: Path, after_file: Callable[[], object] = lambda: None) -> Report:
    """Reads every image below `folder`; ValueError where there are none."""
    files = image_files(folder)
    sizes, unreadable = [], []
    for file in files:
        size = _size(file)
        if size is None:
            unreadable.append(file.name)
        else:
            sizes.append(size)
        after_file()
    benchmark, sums = _likeliest({file.name for file in files})
    found = {file.name: _sha256(file) for file in files} if benchmark else {}
    return Report(
        folder=str(folder),
        images=len(sizes),
        unreadable=tuple(unreadable),
        width_px=min((w for w, _ in sizes), default=0),
        height_px=min((h for _, h in sizes), default=0),
        megapixels=round(sum(w * h for w, h in sizes) / 1e6, 3),
        benchmark=benchmark,
        verified=sum(sums.get(name) == digest for name, digest in found.items()),
        changed=tuple(sorted(name for name in found.keys() & sums.keys() if found[name] != sums[name])),
        missing=tuple(sorted(sums.keys() - found.keys())),
        extra=tuple(sorted(found.keys() - sums.keys())),
    )


def image_files(folder: Path) -> list[Path]:
    """The images below `folder`, sorted; ValueError where there are none."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; wanted a folder of images")
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(f"{folder} holds no images; wanted some of {', '.join(SUFFIXES)}")
    return files


def checksums(benchmark: str) -> dict[str, str]:
    """file name -> sha256, for one of `BENCHMARKS`."""
    text = (resources.files("iqlut") / "benchmarks" / f"{benchmark}.sha256").read_text(encoding="ascii")
    return {name: digest for digest, name in (line.split("  ") for line in text.splitlines())}


def _likeliest(names: set[str]) -> tuple[str, dict[str, str]]:
    """The benchmark with which a folder shares most of its names, if it is most of them."""
    best = max(BENCHMARKS, key=lambda benchmark: len(names & checksums(benchmark).keys()))
    sums = checksums(best)
    return (best, sums) if 2 * len(names & sums.keys()) > len(names) else ("", {})


def _size(file: Path) -> tuple[int, int] | None:
    try:
        with Image.open(file) as image:
            image.load()
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
