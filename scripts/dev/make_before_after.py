"""Makes the README's picture, `docs/images/before_after.png`: bicubic, the shipped model, the
original.

`samples/budgie.png` is shrunk by 4 as the test images are, then upscaled again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import iqlut
from iqlut.evaluation import psnr_ssim
from iqlut.planes import colour, resize
from scripts.shared.labelled_pictures import side_by_side

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "docs" / "images" / "before_after.png"
_WINDOW = (132, 24, 284, 176)  # left, upper, right, lower pixel of the original
_ZOOM = 2  # pixels of the picture for each of its own: repeated, so that nothing is smoothed
_SCALE = 4


def main() -> None:
    """Writes the picture; the decibels in it are of the whole photo's luma."""
    original = np.array(Image.open(ROOT / "samples" / "budgie.png").convert("RGB"))
    small = resize.shrink(original, _SCALE)
    bicubic = np.stack(
        [resize.resize(plane, *original.shape[:2]) for plane in np.moveaxis(small, 2, 0)], axis=2
    )
    ours = iqlut.upscale(small, scale=_SCALE)
    panels = {
        f"bicubic x{_SCALE}, {_psnr_db(bicubic, original):.2f} dB": bicubic,
        f"iqlut x{_SCALE}, {_psnr_db(ours, original):.2f} dB": ours,
        "original": original,
    }
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    left, upper, right, lower = _WINDOW
    cut = {title: pixels[upper:lower, left:right] for title, pixels in panels.items()}
    zoomed = {
        title: Image.fromarray(pixels.repeat(_ZOOM, 0).repeat(_ZOOM, 1))
        for title, pixels in cut.items()
    }
    side_by_side(zoomed).save(TARGET, optimize=True)
    print(TARGET)


def _psnr_db(one: np.ndarray, other: np.ndarray) -> float:
    return psnr_ssim.psnr(colour.benchmark_luma(one), colour.benchmark_luma(other), _SCALE)


if __name__ == "__main__":
    main()
