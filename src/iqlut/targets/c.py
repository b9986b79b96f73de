"""`c`: the C runtime for firmware as it stands, and a table file for it.

The table file holds the entries as they are stored (of a symmetric model the stored parts, which
the runtime reads in the order of its symmetry, and no taps that are missing), the curves as
`32 * code + fraction`, and macros that give the memory of a stream as a constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from iqlut import arithmetic as ar
from iqlut.errors import UnsupportedModel
from iqlut.tables import missing_taps
from iqlut.tables.integer_tables import Layer, Tables
from iqlut.targets import Files
from iqlut.targets.folder import identifier, provenance, runtime_files

LAYERS_MAX = 255  # the runtime counts layers in a byte
STRENGTH_UNITS = 64  # the runtime counts strengths in 64ths, IQLUT_STRENGTH_UNITS
ENTRY_BIAS = 128
BYTE_LEVELS = 8  # so many levels leave 32 * code + fraction in a byte
_LINE_COLUMNS = 100


def emit(tables: Tables) -> Files:
    """The runtime and the table file of one set of tables."""
    return runtime_files("c", "*") | _table_files([tables], ())


def emit_strengths(sets: Mapping[float, Tables]) -> Files:
    """The runtime and a table file of neighbouring sets, of which the device blends two in RAM."""
    units = [strength * STRENGTH_UNITS for strength in sets]
    odd = [strength for strength, unit in zip(sets, units, strict=True) if unit % 1]
    if odd:
        raise UnsupportedModel(
            f"a stored strength is {odd[0]:g}, the C runtime takes multiples of "
            f"1/{STRENGTH_UNITS}; train the model for others"
        )
    return runtime_files("c", "*") | _table_files(list(sets.values()), tuple(map(int, units)))


def biased(lut: np.ndarray) -> np.ndarray:
    """Entries plus 128, uint8, as the runtime stores them: no lane of a word is negative."""
    return (lut.astype(np.int16) + ENTRY_BIAS).astype(np.uint8)


def tap_parts(
    tables: Tables, index: int, is_blended: bool = False
) -> tuple[np.ndarray, np.ndarray | None]:
    """The entries of layer `index` as the runtime reads them.

    This is the whole stored array and None. Where taps are missing, it is the entries of the tap at
    the centre (c, levels, d), and those of the other taps (around_in, levels, 8, around_out), of
    whole orbits of inputs. Sets that are blended have all taps, as `iqlut_blend` needs them.
    """
    lut = tables.stored(index)["lut"]
    c, _, kernel, _, d = lut.shape
    few_in, few_out = (max(1, count) for count in missing_taps.extent(lut))
    if c > 1 and index < tables.blocks:
        few_in = -(-few_in // tables.group.order) * tables.group.order
    if is_blended or kernel != 3 or few_in * few_out == c * d:
        return lut, None
    return missing_taps.centre_and_around(lut, few_in, few_out)


def _table_files(sets: Sequence[Tables], strengths: tuple[int, ...]) -> Files:
    """The table file of one set, or of several with their strengths."""
    tables = sets[0]
    if len(tables.layers) > LAYERS_MAX:
        raise UnsupportedModel(
            f"the model {tables.name} has {len(tables.layers)} layers, the C runtime takes at most "
            f"{LAYERS_MAX}; export a smaller model"
        )
    word = identifier(tables.name)
    about = [f" * {key}: {value}" for one in sets for key, value in provenance(one).items()]
    comment = "/* Tables of iqlut. This file is generated; do not edit it.\n" + "\n".join(about)
    return {
        f"{word}_tables.h": _header(comment, word, tables, strengths).encode(),
        f"{word}_tables.c": _source(comment, word, sets, strengths).encode(),
    }


def _header(comment: str, word: str, tables: Tables, strengths: tuple[int, ...]) -> str:
    """The declarations, and the memory of a stream and of a blend as constant expressions."""
    upper = word.upper()
    models = f"extern const iqlut_{'restoration' if strengths else 'model'} {word};"
    signal_bytes = sum((layer.kernel - 1) * layer.channels_in for layer in tables.layers[1:])
    delay = sum(ar.footprint(layer.kernel)[1] for layer in tables.layers)
    channels = max(layer.channels_in for layer in tables.layers)
    blend_bytes, behind_bytes = _blend_bytes(tables)
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
#define {upper}_BLEND_BYTES ({blend_bytes}u + IQLUT_BEHIND({behind_bytes}u))

#ifdef __cplusplus
extern "C" {{
#endif
{models}
#ifdef __cplusplus
}}
#endif
#endif
"""


def _blend_bytes(tables: Tables) -> tuple[int, int]:
    """Bytes of all biases and entries, in whole words, and of what can be read behind these."""
    parts = [tables.stored(index) for index in range(len(tables.layers))]
    luts = [(part["lut"].nbytes, _behind(tables, part["lut"])) for part in parts]
    bias_bytes = sum(part["bias"].nbytes for part in parts)
    lut_bytes = sum(_padded(size) for size, _ in luts)
    return bias_bytes + lut_bytes, sum(_padded(sum(lut)) for lut in luts) - lut_bytes


def _source(comment: str, word: str, sets: Sequence[Tables], strengths: tuple[int, ...]) -> str:
    """The arrays. What sets share (curves, gains and skips) is stored once."""
    tables, models, arounds = sets[0], [], []
    aligned = "IQLUT_ALIGNED " if tables.group.order == 1 else ""  # for iqlut_dsp.c
    lines = [f'{comment} */\n#include "{word}_tables.h"\n']
    for index, layer in enumerate(tables.layers):
        part = tables.stored(index)
        bits, curve = _curve(layer)
        lines.append(_array(f"uint{bits}_t curve_{index}", curve))
        lines += [
            _array(f"{aligned}int16_t {name}_{index}", part[name]) for name in ("gain", "skip")
        ]
        parts = [tap_parts(one, index, bool(strengths)) for one in sets]
        arounds.append(parts[0][1])  # None of several sets
        for number, (one, (lut, around)) in enumerate(zip(sets, parts, strict=True)):
            lines.append(_array(f"int32_t bias_{index}_{number}", one.stored(index)["bias"]))
            name = f"{aligned}uint8_t lut_{index}_{number}"
            lines.append(_array(name, biased(lut), _behind(tables, lut)))
            if around is not None:
                lines.append(_array(f"uint8_t around_{index}_{number}", biased(around)))
    for number in range(len(sets)):
        lines.append(f"static const iqlut_layer layers_{number}[{len(tables.layers)}] = {{")
        lines += [
            _layer(index, layer, number, around)
            for index, (layer, around) in enumerate(zip(tables.layers, arounds, strict=True))
        ]
        lines.append("};\n")
        models.append(
            f"{{layers_{number}, {len(tables.layers)}, {tables.scale}, {tables.symmetry}, "
            f"{int(tables.negative)}}}"
        )
    if not strengths:
        return "\n".join([*lines, f"const iqlut_model {word} = {models[0]};\n"])
    lines.append(_array("uint16_t strengths", np.array(strengths)))
    rows = ",\n".join(f"    {model}" for model in models)
    lines.append(f"static const iqlut_model sets[{len(sets)}] = {{\n{rows}\n}};\n")
    lines.append(f"const iqlut_restoration {word} = {{sets, strengths, {len(sets)}}};\n")
    return "\n".join(lines)


def _curve(layer: Layer) -> tuple[int, np.ndarray]:
    """The bits of an element and the 256 elements, 32 * code + fraction."""
    code, fraction = layer.curve.astype(np.int32)
    return (8 if layer.levels <= BYTE_LEVELS else 16), ar.ONE * code + fraction


def _layer(index: int, layer: Layer, number: int, around: np.ndarray | None) -> str:
    shape = (layer.levels, layer.channels_in, layer.channels_out, layer.kernel)
    sizes = (0, 0) if around is None else (around.shape[0], around.shape[3])
    numbers = ", ".join(map(str, (*shape, layer.acc_shift, layer.shift, *sizes)))
    luts = f"lut_{index}_{number}, {'0' if around is None else f'around_{index}_{number}'}"
    arrays = f"gain_{index}, skip_{index}, bias_{index}_{number}"
    return f"    {{{luts}, curve_{index}, {arrays}, {numbers}}},"


def _behind(tables: Tables, lut: np.ndarray) -> int:
    """Bytes that the loops for the DSP extension read behind the entries: see IQLUT_BEHIND.

    These loops do not read tables without all taps.
    """
    return lut[0, 0].nbytes if tables.group.order == 1 and lut.ndim == 5 else 0


def _padded(size: int) -> int:
    """Bytes in whole words."""
    return -(-size // 4) * 4


def _array(declaration: str, values: np.ndarray, behind: int = 0) -> str:
    """A C array of integers, as many to a line as fit, with bytes `behind` it under -DIQLUT_DSP."""
    lines, line = [], "   "
    for value in values.ravel().tolist():
        text = f" {_literal(value)},"
        if len(line) + len(text) > _LINE_COLUMNS:
            lines.append(line)
            line = "   "
        line += text
    lines.append(line)
    body = "\n".join(lines)
    size = f"{values.size} + IQLUT_BEHIND({behind})" if behind else str(values.size)
    return f"static const {declaration}[{size}] = {{\n{body}\n}};\n"


def _literal(value: int) -> str:
    """A C integer; the most negative of 32 bits has no literal of its own."""
    return f"(-{ar.INT32_MAX} - 1)" if value < -ar.INT32_MAX else str(value)
