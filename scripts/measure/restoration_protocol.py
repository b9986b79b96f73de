"""How restoration strengths are scored: the damages, the images, the ways to upscale and the test
shapes.

The protocol of all tables: luma from 0 to 255 as Pillow computes it, shrunk by the filter named,
damaged by `degradation` with a seed from the file's name, upscaled, 8 pixels shaved, PSNR in dB.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

import iqlut
from iqlut import engines
from iqlut.evaluation import degradation, psnr_ssim
from iqlut.evaluation.image_sets import image_files
from iqlut.planes import resize
from iqlut.planes.plane_types import UpscalePlane
from iqlut.tables.restoration_tables import tables_at

SCALE, SHAVE_PX = 4, 8
CLEAN_MODELS = ("l8c8-x4", "iqlut-33k-x4")
STRENGTH_MODELS = ("everyday-x4", "best-x4")
TABLE = (
    "clean",
    "box",
    "jpeg:90",
    "jpeg:75",
    "jpeg:50",
    "jpeg:30",
    "noise:5",
    "noise:10",
    "noise:15",
    "noise:5+jpeg:75",
)
SHOWN = (0.0, 0.5, 1.0, 2.0, 3.0)
QUARTERS = tuple(quarter / 4 for quarter in range(13))
SWEEP = (
    *(f"jpeg:{quality}" for quality in range(10, 101, 5)),
    *(f"noise:{sigma / 2:g}" for sigma in range(0, 51, 5)),
)
FILTERS = {"Pillow bicubic": Image.Resampling.BICUBIC, "Pillow Lanczos": Image.Resampling.LANCZOS}
JPEG_SETS = ("Classic5", "LIVE1")  # test sets that are meant for JPEG alone
JPEG_ALONE = tuple(f"jpeg:{quality}" for quality in (10, 20, 30, 40))
EVERY_THIRD = 3  # images of Kodak are in the first table: eight
BOXES = ((255, 160), (0, 255), (255, 0), (140, 100), (100, 140), (0, 90))  # around, inside
THREADS = 2


@dataclass(frozen=True, eq=False)
class Picture:
    """An original, uint8 (h, w), and the name that seeds its damage."""

    name: str
    luma: np.ndarray

    def damaged(self, damage: str, scale: int) -> np.ndarray:
        """Return the shrunk and damaged plane."""
        return degradation.parse(damage).apply(self.luma, scale, zlib.crc32(self.name.encode()))


@lru_cache(maxsize=4)
def pictures(folder: Path) -> list[Picture]:
    """Return the luma of a folder's images, 0 to 255, cropped to multiples of the scale."""
    found = []
    for file in image_files(folder):
        with Image.open(file) as opened:
            found.append(
                Picture(file.stem, resize.mod_crop(np.asarray(opened.convert("L")), SCALE))
            )
    return found


@lru_cache(maxsize=128)
def engine(name: str, strength: float) -> UpscalePlane:
    """Return a shipped model at a strength, as a function of a plane."""
    return engines.get("native").build(tables_at(iqlut.load(name), strength), THREADS)


def score(large: np.ndarray, original: Picture) -> float:
    """Return the PSNR of an upscaled plane in dB."""
    return psnr_ssim.psnr(large, original.luma, SHAVE_PX)


def filtered(low: np.ndarray, scale: int, name: str) -> np.ndarray:
    """Return a plane upscaled by one of Pillow's filters."""
    size = (scale * low.shape[1], scale * low.shape[0])
    return np.asarray(Image.fromarray(low).resize(size, FILTERS[name]))


def box(around: int, inside: int) -> np.ndarray:
    """Return a hard-edged square of 24 pixels in a plane of 48."""
    plane = np.full((48, 48), around, np.uint8)
    plane[12:36, 12:36] = inside
    return plane


def line(around: int, ink: int) -> np.ndarray:
    """Return a horizontal and a vertical line of one pixel in a plane of 48."""
    plane = np.full((48, 48), around, np.uint8)
    plane[16, 6:42] = ink
    plane[6:42, 30] = ink
    return plane


def overshoot(plane: np.ndarray, large: np.ndarray) -> int:
    """Return by how many grey levels the upscaled plane leaves the range of the plane."""
    low, high = int(plane.min()), int(plane.max())
    return max(0, low - int(large.min()), int(large.max()) - high)
