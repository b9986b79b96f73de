"""`tables`: the tables as data for hardware tools and other programs.

For each layer and each array (`lut`, `code`, `fraction`, `gain`, `skip`, `bias`):

    LAYER.ARRAY.bin   raw bytes, little-endian, in the order of docs/specification.md
    LAYER.ARRAY.mem   for $readmemh, one element in two's complement a line
    LAYER.lut.hex     for $readmemh, one row of all outputs a line, output 0 in the lowest byte
    LAYER.lut.coe     the same rows for memory generators

and `tables.npz`, `tables.h` (C arrays) and `index.json` for all of them. Of a symmetric model these
are the stored parts.
"""

from __future__ import annotations

import io
import zipfile

import numpy as np

from iqlut.tables.integer_tables import Tables
from iqlut.targets import Files
from iqlut.targets.folder import identifier, provenance, to_json

_LINE_COLUMNS = 100
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that zip knows: equal tables give equal bytes
_C_TYPES = {"|i1": "int8_t", "|u1": "uint8_t", "<i2": "int16_t", "<i4": "int32_t"}


def emit(tables: Tables) -> Files:
    """All arrays in every format."""
    arrays = _arrays(tables)
    files: Files = {"index.json": to_json(_index(tables, arrays))}
    files["tables.npz"] = _npz(arrays)
    files["tables.h"] = _c_header(tables, arrays)
    for name, array in arrays.items():
        files[f"{name}.bin"] = array.tobytes()
        files[f"{name}.mem"] = _lines(_hex_words(array.reshape(-1, 1)))
        if name.endswith(".lut"):
            rows = _hex_words(array.reshape(-1, array.shape[-1]))
            files[f"{name}.hex"] = _lines(rows)
            files[f"{name}.coe"] = _coe(rows)
    return files


def _arrays(tables: Tables) -> dict[str, np.ndarray]:
    """Every array under its name, little-endian."""
    arrays = {}
    for index, layer in enumerate(tables.layers):
        part = tables.stored(index)
        code, fraction = layer.curve
        named = {"lut": part["lut"], "code": code, "fraction": fraction}
        named |= {name: part[name] for name in ("gain", "skip", "bias")}
        for name, array in named.items():
            little = array.dtype.newbyteorder("<")
            arrays[f"layer_{index}.{name}"] = np.ascontiguousarray(array, little)
    return arrays


def _index(tables: Tables, arrays: dict[str, np.ndarray]) -> dict[str, object]:
    layers = [
        {"kernel": one.kernel, "levels": one.levels, "channels_in": one.channels_in}
        | {"channels_out": one.channels_out, "acc_shift": one.acc_shift, "shift": one.shift}
        for one in tables.layers
    ]
    shapes = {
        name: {"dtype": array.dtype.name, "shape": list(array.shape)}
        for name, array in arrays.items()
    }
    group = {"symmetry": tables.symmetry, "negative": tables.negative}
    facts = {"scale": tables.scale, **group, "layers": layers}
    return {**provenance(tables), **facts, "arrays": shapes}


def _hex_words(rows: np.ndarray) -> list[str]:
    """Each row as one number in hexadecimal, its first element in the lowest bits."""
    reversed_rows = np.ascontiguousarray(rows[:, ::-1]).astype(rows.dtype.newbyteorder(">"))
    return [row.tobytes().hex() for row in reversed_rows]


def _lines(words: list[str]) -> bytes:
    return ("\n".join(words) + "\n").encode()


def _coe(words: list[str]) -> bytes:
    body = ",\n".join(words)
    text = f"memory_initialization_radix=16;\nmemory_initialization_vector=\n{body};\n"
    return text.encode()


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    """What `numpy.savez` writes, without the time at which it was written."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.save(data, array)
            file.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), data.getvalue())
    return archive.getvalue()


def _c_header(tables: Tables, arrays: dict[str, np.ndarray]) -> bytes:
    """All arrays as C constants, for programs that bring their own runtime."""
    word = identifier(tables.name)
    guard = f"{word.upper()}_DATA_H"
    lines = ["/* Tables of iqlut. This file is generated; do not edit it."]
    lines += [f" * {key}: {value}" for key, value in provenance(tables).items()]
    lines += [" */", f"#ifndef {guard}", f"#define {guard}", "", "#include <stdint.h>", ""]
    for name, array in arrays.items():
        kind = _C_TYPES[array.dtype.str]
        shape = "".join(f"[{size}]" for size in array.shape)
        lines.append(f"/* {name} {shape} */")
        flat = f"{word}_{name.replace('.', '_')}[{array.size}]"
        lines.append(f"static const {kind} {flat} = {{")
        lines += _wrapped(array)
        lines.append("};\n")
    return ("\n".join(lines) + "#endif\n").encode()


def _wrapped(array: np.ndarray) -> list[str]:
    words = [f"{value}," for value in array.ravel().tolist()]
    per_line = _LINE_COLUMNS // (max(map(len, words)) + 1)
    return [" ".join(words[at : at + per_line]) for at in range(0, len(words), per_line)]
