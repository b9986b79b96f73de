"""`c`: the C runtime for firmware as it stands, and a table file for it.

The table file holds the entries as they are stored (of a symmetric model the stored parts, which
the runtime reads in the order of its symmetry), the curves as `32 * code + fraction`, and macros
that give the memory of a stream as a constant.
"""

from __future__ import annotations

import numpy as np

from iqlut import arithmetic as ar
from iqlut.errors import UnsupportedModel
from iqlut.tables.integer_tables import Layer, Tables
from iqlut.targets import Files
from iqlut.targets.folder import identifier, provenance, runtime_files

LAYERS_MAX = 255  # the runtime counts layers in a byte
ENTRY_BIAS = 128
CURVE8_LEVELS_MAX = 8  # so many levels leave 32 * code + fraction in a byte
_LINE_COLUMNS = 100
_ALIGNED = "IQLUT_ALIGNED "
_RUNTIME_SUFFIXES = (".c", ".h", ".md")


def emit(tables: Tables) -> Files:
    """The runtime and the table file of one set of tables."""
    return _runtime() | _table_files(tables, {"": tables})


def emit_two_sets(below: Tables, above: Tables) -> Files:
    """The runtime and a table file of two neighbouring sets, which `iqlut_blend` blends in RAM."""
    return _runtime() | _table_files(below, {"_below": below, "_above": above})


def biased(lut: np.ndarray) -> np.ndarray:
    """Entries plus 128, uint8, as the runtime stores them: no lane of a word is negative."""
    return (lut.astype(np.int16) + ENTRY_BIAS).astype(np.uint8)


def _runtime() -> Files:
    return runtime_files("c", _RUNTIME_SUFFIXES)


def _table_files(tables: Tables, sets: dict[str, Tables]) -> Files:
    if len(tables.layers) > LAYERS_MAX:
        raise UnsupportedModel(
            f"the model {tables.name} has {len(tables.layers)} layers, the C runtime takes at most "
            f"{LAYERS_MAX}; export a smaller model"
        )
    word = identifier(tables.name)
    about = [
        f" * {key}{suffix}: {value}"
        for suffix, one in sets.items()
        for key, value in provenance(one).items()
    ]
    comment = "/* Tables of iqlut. This file is generated; do not edit it.\n" + "\n".join(about)
    return {
        f"{word}_tables.h": _header(comment, word, tables, sets).encode(),
        f"{word}_tables.c": _source(comment, word, tables, sets).encode(),
    }


def _header(comment: str, word: str, tables: Tables, sets: dict[str, Tables]) -> str:
    """The declarations, and the memory of a stream and of a blend as constant expressions."""
    upper = word.upper()
    models = "\n".join(f"extern const iqlut_model {word}{suffix};" for suffix in sets)
    signal_bytes = sum((layer.kernel - 1) * layer.channels_in for layer in tables.layers[1:])
    delay = sum(ar.footprint(layer.kernel)[1] for layer in tables.layers)
    channels = max(layer.channels_in for layer in tables.layers)
    blend_bytes = 0
    for index in range(len(tables.layers)):
        part = tables.stored(index)
        blend_bytes += part["bias"].nbytes + -(-part["lut"].nbytes // 4) * 4
    return f"""{comment} */
#ifndef {upper}_TABLES_H
#define {upper}_TABLES_H

#include "iqlut.h"

IQLUT_CHECK({word}_arithmetic, IQLUT_ARITHMETIC_VERSION == {ar.VERSION});
IQLUT_CHECK({word}_channels, IQLUT_CHANNELS_MAX >= {max(channels, tables.scale**2)}u);

#define {upper}_SCALE {tables.scale}u
#define {upper}_LAYERS {len(tables.layers)}u

/* Bytes of memory of a stream of rows of `width` pixels. */
#define {upper}_BYTES(width) \\
    IQLUT_BYTES(width, {signal_bytes}u, {delay}u, {channels}u, {tables.scale}u)

/* Bytes of tables that iqlut_blend writes. */
#define {upper}_BLEND_BYTES {blend_bytes}u

#ifdef __cplusplus
extern "C" {{
#endif
{models}
#ifdef __cplusplus
}}
#endif
#endif
"""


def _source(comment: str, word: str, tables: Tables, sets: dict[str, Tables]) -> str:
    """The arrays. What two sets share (curves, gains and skips) is stored once."""
    lines = [f'{comment} */\n#include "{word}_tables.h"\n']
    for index, layer in enumerate(tables.layers):
        part = tables.stored(index)
        bits, curve = _curve(layer)
        lines.append(_array(f"uint{bits}_t curve_{index}", curve))
        lines += [_array(f"int16_t {name}_{index}", part[name]) for name in ("gain", "skip")]
        for suffix, one in sets.items():
            stored = one.stored(index)
            lines.append(_array(f"int32_t bias_{index}{suffix}", stored["bias"]))
            lines.append(_array(f"uint8_t lut_{index}{suffix}", biased(stored["lut"]), _ALIGNED))
    for suffix in sets:
        lines.append(f"static const iqlut_layer layers{suffix}[{len(tables.layers)}] = {{")
        lines += [_layer(index, layer, suffix) for index, layer in enumerate(tables.layers)]
        values = f"layers{suffix}, {len(tables.layers)}, {tables.scale}, {tables.symmetry}"
        lines.append(f"}};\n\nconst iqlut_model {word}{suffix} = {{{values}}};\n")
    return "\n".join(lines)


def _curve(layer: Layer) -> tuple[int, np.ndarray]:
    """The bits of an element and the 256 elements, 32 * code + fraction."""
    code, fraction = layer.curve.astype(np.int32)
    return (8 if layer.levels <= CURVE8_LEVELS_MAX else 16), ar.ONE * code + fraction


def _layer(index: int, layer: Layer, suffix: str) -> str:
    bits, _ = _curve(layer)
    curves = f"curve_{index}, 0" if bits == 8 else f"0, curve_{index}"
    shape = (layer.levels, layer.channels_in, layer.channels_out, layer.kernel)
    numbers = ", ".join(map(str, (*shape, layer.acc_shift, layer.shift)))
    arrays = f"gain_{index}, skip_{index}, bias_{index}{suffix}"
    return f"    {{lut_{index}{suffix}, {curves}, {arrays}, {numbers}}},"


def _array(declaration: str, values: np.ndarray, attributes: str = "") -> str:
    """A C array of integers, as many to a line as fit."""
    lines, line = [], "   "
    for value in values.ravel().tolist():
        text = f" {_literal(value)},"
        if len(line) + len(text) > _LINE_COLUMNS:
            lines.append(line)
            line = "   "
        line += text
    lines.append(line)
    body = "\n".join(lines)
    return f"static const {attributes}{declaration}[{values.size}] = {{\n{body}\n}};\n"


def _literal(value: int) -> str:
    """A C integer; the most negative of 32 bits has no literal of its own."""
    return f"(-{ar.INT32_MAX} - 1)" if value < -ar.INT32_MAX else str(value)
