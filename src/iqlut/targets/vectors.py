"""`vectors`: inputs, outputs and the signals after every layer, to check an implementation.

Each case is a folder with `input`, `layer_0` ... (uint8 (h, w, channels), the last of them the
phases) and `output`, each as raw bytes (`.bin`), as one byte a line for $readmemh (`.hex`) and as a
NumPy array (`.npy`). `index.json` lists the shapes.
"""

from __future__ import annotations

import io

import numpy as np

from iqlut import arithmetic as ar
from iqlut.engines import reference
from iqlut.tables.integer_tables import Tables
from iqlut.targets import Files
from iqlut.targets.folder import provenance, to_json


def emit(tables: Tables) -> Files:
    """The files of all cases."""
    files: Files = {}
    cases = []
    for name, luma in planes().items():
        found = signals(tables, luma)
        for signal, array in found.items():
            files |= _encoded(f"{name}/{signal}", array)
        shapes = {signal: list(array.shape) for signal, array in found.items()}
        cases.append({"case": name, "signals": shapes})
    index = {**provenance(tables), "scale": tables.scale, "dtype": "uint8", "cases": cases}
    return {"index.json": to_json(index), **files}


def planes() -> dict[str, np.ndarray]:
    """The inputs, uint8 (h, w): borders, extremes, and content of every kind."""
    rng = np.random.default_rng(16)
    ramp = (np.arange(23)[None] * 255 + np.arange(7)[:, None] * 0) // 22
    return {
        "pixel_1x1": np.full((1, 1), 77, np.uint8),
        "row_1x19": rng.integers(0, 256, (1, 19)).astype(np.uint8),
        "column_17x1": rng.integers(0, 256, (17, 1)).astype(np.uint8),
        "black_6x9": np.zeros((6, 9), np.uint8),
        "white_6x9": np.full((6, 9), ar.SIGNAL_MAX, np.uint8),
        "noise_21x34": rng.integers(0, 256, (21, 34)).astype(np.uint8),
        "ramp_7x23": ramp.astype(np.uint8),
        "picture_24x32": picture(24, 32),
    }


def picture(height: int, width: int) -> np.ndarray:
    """A drawn scene, uint8: a sky that brightens, a disc, a roof, bars that narrow, and noise.

    It is computed in integers, so that it is the same everywhere.
    """
    y, x = np.mgrid[:height, :width].astype(np.int64)
    plane = 90 + 120 * y // height + 20 * x // width
    disc = (2 * x - width) ** 2 + (2 * y - height // 2) ** 2 <= (height // 2) ** 2
    plane = np.where(disc, 235, plane)
    plane = np.where(3 * y > height + abs(2 * x - width // 2), 60, plane)
    bars = (x * x // width) % 4 < 2
    plane = np.where(4 * y > 3 * height, np.where(bars, 20, 210), plane)
    noise = np.random.default_rng(7).integers(-4, 5, plane.shape)
    return (plane + noise).clip(0, ar.SIGNAL_MAX).astype(np.uint8)


def signals(tables: Tables, luma: np.ndarray) -> dict[str, np.ndarray]:
    """Every signal of an inference, uint8: input, after each layer (h, w, d), and output."""
    found = {"input": luma}
    signal = luma[:, :, None].astype(np.int32)
    for index, layer in enumerate(tables.layers):
        last = index == tables.blocks
        own = ar.skip_signal(signal, layer.channels_out)
        if last:
            own = reference.base(luma, tables.scale)
        signal = ar.requantise(reference.accumulate(layer, signal), own, layer)
        found[f"layer_{index}"] = signal.astype(np.uint8)
    return found | {"output": ar.shuffle(signal.astype(np.uint8), tables.scale)}


def _encoded(name: str, array: np.ndarray) -> Files:
    """One array in the three formats."""
    npy = io.BytesIO()
    np.save(npy, np.ascontiguousarray(array))
    raw = array.tobytes()
    lines = "\n".join(f"{byte:02x}" for byte in raw) + "\n"
    return {f"{name}.bin": raw, f"{name}.hex": lines.encode(), f"{name}.npy": npy.getvalue()}
