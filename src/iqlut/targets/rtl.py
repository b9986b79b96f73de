"""`rtl`: the SystemVerilog of the pipeline as it stands, and the tables of a model as a package.

`iqlut_model.sv` holds the shape of each layer, the curves, the constants and the entries as they
are stored (of a symmetric model the stored parts). `cases.txt` holds planes of the target `vectors`
and their upscaled pixels, and `layers.txt` the signals after every layer of the first of them; the
test bench `iqlut_bench.sv` reads both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from iqlut import arithmetic
from iqlut.errors import UnsupportedModel
from iqlut.tables.integer_tables import Layer, Tables
from iqlut.targets import Files, vectors
from iqlut.targets.folder import provenance, runtime_files

LAYERS_MAX = 32  # so many keep the delays and counters of iqlut_upscaler.sv within their widths
LINE_BYTES = 32
NO_LOGARITHM = 16  # of skips that have no common logarithm
CASES = ("white_6x9", "pixel_1x1", "row_1x19", "column_17x1", "ramp_7x23", "picture_24x32")


@dataclass(frozen=True)
class _StoredLayer:
    """What the package holds of a layer."""

    layer: Layer
    entries: np.ndarray  # uint8 (c, k, k, d, levels), of a symmetric model the stored part:
    # each above the least entry of its levels
    rises: np.ndarray  # uint8 (c, k, k, d), of the whole model: the greatest of its levels
    constants: np.ndarray  # int32 (d, 3): gain and skip (16 bits each), bias, and
    # what the least entries of all taps add to the accumulator


def emit(tables: Tables) -> Files:
    """The runtime, the package of the tables, and cases for the test bench."""
    files = runtime_files("verilog", "*")
    return files | {"iqlut_model.sv": package(tables), **cases(tables, bench_planes())}


def bench_planes() -> list[np.ndarray]:
    """The inputs that an export brings for the test bench."""
    planes = vectors.planes()
    return [planes[name] for name in CASES]


def package(tables: Tables) -> bytes:
    """`iqlut_model.sv`; UnsupportedModel, in one sentence, if the circuit cannot hold the model."""
    if len(tables.layers) > LAYERS_MAX:
        raise UnsupportedModel(
            f"the model {tables.name} has {len(tables.layers)} layers, the circuit holds at most "
            f"{LAYERS_MAX}; export a smaller model"
        )
    # the circuit has flips and rotations as wiring, and would save nothing by the negative
    tables = replace(tables, negative=False)
    stored = [_stored(tables, index) for index in range(len(tables.layers))]
    arrays = {
        "CURVES": np.concatenate([_curve(one.layer) for one in stored]).astype("<u2"),
        "CONSTANTS": np.concatenate([one.constants for one in stored]).astype("<i4"),
        "ENTRIES": np.concatenate([one.entries.ravel() for one in stored]),
        "RISES": np.concatenate([one.rises.ravel() for one in stored]),
    }
    lines = ["// Tables of iqlut. This file is generated; do not edit it."]
    lines += [f"// {key}: {value}" for key, value in provenance(tables).items()]
    lines += ["package iqlut_model;", f"    localparam int SCALE = {tables.scale};"]
    lines.append(f"    localparam int LAYERS = {len(stored)};")
    lines.append(f"    localparam int SYMMETRY = {tables.symmetry};")
    for name, values in _numbers(stored, tables.scale).items():
        words = ", ".join(f"32'd{value}" for value in reversed(values))
        lines.append(
            f"    localparam logic [{32 * len(values) - 1}:0] {name} =\n        {{{words}}};"
        )
    lines += [_constant(name, array.tobytes()) for name, array in arrays.items()]
    return ("\n".join([*lines, "endpackage"]) + "\n").encode()


def _numbers(stored: Sequence[_StoredLayer], scale: int) -> dict[str, list[int]]:
    """What the package holds as a number for each layer."""
    layers = [one.layer for one in stored]
    magnitudes = {
        f"{name.upper()}_MAX": [
            int(abs(getattr(layer, name).astype(int)).max()) for layer in layers
        ]
        for name in ("gain", "skip", "bias")
    }
    return magnitudes | {
        "KERNEL": [one.entries.shape[1] for one in stored],
        "LEVELS": [layer.levels for layer in layers],
        "CHANNELS": [*(layer.channels_in for layer in layers), scale**2],
        "ACC_SHIFT": [layer.acc_shift for layer in layers],
        "SHIFT": [layer.shift for layer in layers],
        "SKIP_LOG2": [_logarithm(layer.skip) for layer in layers],
        "ENTRIES_BASE": _starts([one.entries.size for one in stored]),
        "RISES_BASE": _starts([one.rises.size for one in stored]),
        "CONSTANTS_BASE": _starts([len(one.constants) for one in stored]),
    }


def _stored(tables: Tables, index: int) -> _StoredLayer:
    part, layer = tables.stored(index), tables.layers[index]
    entries, seen = (np.moveaxis(lut.astype(np.int32), 1, -1) for lut in (part["lut"], layer.lut))
    if index == tables.blocks and layer.kernel == 1:
        entries, seen = (_widened(lut, tables.symmetry) for lut in (entries, seen))
    least = arithmetic.ONE * seen.min(axis=-1).sum(axis=(0, 1, 2))
    gain, skip, bias = (part[name].astype(np.int32) for name in ("gain", "skip", "bias"))
    constants = np.stack([gain & 0xFFFF | skip << 16, bias, least[:: len(least) // len(gain)]], 1)
    entries -= entries.min(axis=-1, keepdims=True)
    rises = seen.max(axis=-1) - seen.min(axis=-1)
    return _StoredLayer(layer, entries.astype(np.uint8), rises.astype(np.uint8), constants)


def _widened(entries: np.ndarray, order: int) -> np.ndarray:
    """An upsampler of kernel 1 as one of kernel 2 or 3 whose other entries are 0.

    The bilinear base needs the next row and the next column, for which only such a kernel waits. An
    even kernel has no symmetry.
    """
    around = (1, 1) if order > 1 else (0, 1)
    return np.pad(entries, ((0, 0), around, around, (0, 0), (0, 0)))


def _curve(layer: Layer) -> np.ndarray:
    """Code and fraction of each signal: 64 * code + 16 * high + 4 * middle + low.

    The fraction is given by three digits, in two's complement, because a digit costs one row of
    adders: fraction = 16 * high + 4 * middle + low, with high 0 to 2 and the others -2 to 1.
    """
    code, fraction = layer.curve.astype(np.uint16)
    quarters = (fraction + 2) // 4
    return code << 6 | (quarters + 2) // 4 << 4 | (quarters & 3) << 2 | fraction & 3


def _logarithm(skips: np.ndarray) -> int:
    """The logarithm of the skips if all are the same power of two, or else NO_LOGARITHM."""
    skip = int(skips[0])
    same = skip > 0 and skip.bit_count() == 1 and bool((skips == skip).all())
    return skip.bit_length() - 1 if same else NO_LOGARITHM


def _starts(sizes: list[int]) -> list[int]:
    """Where each of the arrays begins when they follow each other."""
    return [0, *np.cumsum(sizes)[:-1].tolist()]


def _constant(name: str, data: bytes) -> str:
    """Bytes as one number, the first in its lowest bits."""
    chunks = [data[at : at + LINE_BYTES] for at in range(0, len(data), LINE_BYTES)]
    words = [f"        {8 * len(chunk)}'h{chunk[::-1].hex()}" for chunk in reversed(chunks)]
    body = ",\n".join(words)
    return f"    localparam logic [{8 * len(data) - 1}:0] {name} = {{\n{body}\n    }};"


def cases(tables: Tables, planes: Sequence[np.ndarray]) -> Files:
    """What the test bench reads: frames, their upscaled pixels, and the signals of the first."""
    found = [vectors.signals(tables, plane) for plane in planes]
    texts = [case_text(signals["input"], signals["output"]) for signals in found]
    layers = [_hex(found[0][f"layer_{index}"]) for index in range(len(tables.layers))]
    text = f"{len(texts)}\n" + "".join(texts)
    return {"cases.txt": text.encode(), "layers.txt": "".join(layers).encode()}


def case_text(luma: np.ndarray, upscaled: np.ndarray) -> str:
    """One frame of cases.txt: width and height, the pixels, and the upscaled pixels."""
    height, width = luma.shape
    return f"{width} {height}\n" + _hex(luma) + _hex(upscaled)


def _hex(values: np.ndarray) -> str:
    """Bytes in hexadecimal, so many to a line."""
    flat = values.ravel()
    rows = [flat[at : at + LINE_BYTES] for at in range(0, flat.size, LINE_BYTES)]
    return "".join(" ".join(f"{byte:02x}" for byte in row) + "\n" for row in rows)
