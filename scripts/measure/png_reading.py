"""Measure the time to read a PNG file of 24 megapixels, compared with Pillow alone.

    python -m scripts.measure.png_reading

Prints the medians of interleaved runs and their ratio. The image compresses like a photograph: it
has smooth colours and noise of a few levels.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from iqlut.pictures import reading

WIDTH, HEIGHT = 6000, 4000
ROUNDS = 5


def photograph() -> bytes:
    """The bytes of a PNG file."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    smooth = 128 + 60 * np.sin(x / 400) * np.cos(y / 300)
    noise = np.random.default_rng(1).normal(0, 3, (HEIGHT, WIDTH, 3)).astype(np.float32)
    pixels = (smooth[:, :, None] + noise).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=3)
    return file.getvalue()


def elapsed_s(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def by_pillow(data: bytes) -> Image.Image:
    """Decode by Pillow, with the copy that separates the pixels from the file."""
    with Image.open(io.BytesIO(data)) as image:
        return image.copy()


def main() -> None:
    data = photograph()
    times = [
        (elapsed_s(lambda: by_pillow(data)), elapsed_s(lambda: reading.read(data)))
        for _ in range(ROUNDS)
    ]
    pillow, own = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"Pillow {pillow:.3f} s, iqlut {own:.3f} s, ratio {own / pillow:.3f}")


if __name__ == "__main__":
    main()
