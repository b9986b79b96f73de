"""Upscales a photo with the shipped model and shows it beside nearest and bicubic.

python -m scripts.dev.demo PHOTO FOLDER
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from PIL import Image

import iqlut
from scripts.shared.labelled_pictures import side_by_side

_CROPS_PX = 96  # of the small photo


def main(photo: Path, folder: Path) -> None:
    """Writes the upscaled photo and the comparison into `folder`, and says where they lie."""
    small = Image.open(photo).convert("RGB")
    folder.mkdir(exist_ok=True)
    iqlut.upscale(small.crop((0, 0, 8, 8)))  # loads the model before the time is taken
    start = time.perf_counter()
    large = iqlut.upscale(small, scale=4)
    elapsed_ms = 1000 * (time.perf_counter() - start)
    upscaled, comparison = folder / f"{photo.stem}-x4.png", folder / "side-by-side.png"
    large.save(upscaled)
    compare(small, large).save(comparison)
    before, after = (f"{image.width}x{image.height}" for image in (small, large))
    print(f"\n{photo}, {before} pixels, became {after} in {elapsed_ms:.0f} ms.")
    print(f"  the photo       {upscaled.resolve()}")
    print(f"  side by side    {comparison.resolve()}")
    print("For your own: pip install . && iqlut upscale photo.png -o big.png")


def compare(small: Image.Image, large: Image.Image) -> Image.Image:
    """Return a crop upscaled by repeated pixels, by bicubic and by the tables, side by side."""
    side, scale = min(_CROPS_PX, *small.size), large.width // small.width
    left, top = (small.width - side) // 2, (small.height - side) // 4
    window = tuple(scale * x for x in (left, top, left + side, top + side))
    return side_by_side(
        {
            "pixels repeated": small.resize(large.size, Image.Resampling.NEAREST).crop(window),
            "bicubic": small.resize(large.size, Image.Resampling.BICUBIC).crop(window),
            "iqlut": large.crop(window),
        }
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
