"""Upscalers that can be timed: Pillow's bicubic, our engines, and each instruction set of the
native one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from PIL import Image

from iqlut import engines, upscaling
from iqlut.engines import ENGINES, native
from iqlut.tables.integer_tables import Tables
from iqlut.timing.interleaved import TimedUpscaler

PILLOW = "pillow-bicubic"
RGB = "native-rgb"  # an RGB picture through `iqlut.upscale`; all others upscale one plane
NAMES = (*ENGINES, RGB)
_SEED = 1


def ours(
    models: Sequence[Tables], names: Sequence[str], threads: Sequence[int], size: tuple[int, int]
) -> list[TimedUpscaler]:
    """Return Pillow for each scale, then each of `names` for each model and number of threads.

    A name is an engine, `RGB`, or "native-ISA": the native engine with one of its
    `native.instruction_sets()`. ValueError unless sizes and threads are at least 1.
    """
    if min(size) < 1 or any(count < 1 for count in threads):
        raise ValueError(f"size {size}, threads {list(threads)}: expected numbers of 1 or more")
    width, height = size
    plane, pixels = sample_plane(width, height), sample_picture(width, height)
    upscalers = [
        TimedUpscaler(PILLOW, pillow_bicubic(plane, scale), scale, width, height)
        for scale in dict.fromkeys(tables.scale for tables in models)
    ]
    for tables in models:
        for name in names:
            for count in threads:
                run = _run(tables, name, count, pixels if name == RGB else plane)
                upscalers.append(
                    TimedUpscaler(name, run, tables.scale, width, height, tables.name, count)
                )
    return upscalers


def _run(tables: Tables, name: str, threads: int, pixels: np.ndarray) -> Callable[[], object]:
    if name == RGB:
        return partial(upscaling.upscale, pixels, tables.scale, tables, "native", threads)
    isa = name.removeprefix("native-")
    if isa != name:
        return partial(native.build(tables, threads, isa), pixels)
    return partial(engines.get(name).build(tables, threads), pixels)


def pillow_bicubic(plane: np.ndarray, scale: int) -> Callable[[], object]:
    """Return a run of Pillow's bicubic on the plane, without the conversion from and to NumPy."""
    image = Image.fromarray(plane)
    return lambda: image.resize(
        (image.width * scale, image.height * scale), Image.Resampling.BICUBIC
    )


def sample_plane(width: int, height: int) -> np.ndarray:
    """Return slopes, edges and noise, always the same: uint8 (height, width)."""
    rng = np.random.default_rng(_SEED)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    slopes = 255 * (rows / max(height - 1, 1) + columns / max(width - 1, 1)) / 2
    edges = 60 * ((rows // 9 + columns // 13) % 2)
    noise = 12 * rng.standard_normal((height, width), np.float32)
    return (slopes + edges + noise).clip(0, 255).astype(np.uint8)


def sample_picture(width: int, height: int) -> np.ndarray:
    """Return the same in RGB: uint8 (height, width, 3)."""
    plane = sample_plane(width, height)
    return np.stack([plane, np.roll(plane, 5, axis=1), plane[::-1]], axis=2)
