"""`*.iqlut` files: tables to bytes and back. A safetensors file, nothing in it is executed.

    8 bytes    length n of the header, little endian
    n bytes    JSON: the tensors' types, shapes and places, and under "__metadata__" one key, "iqlut"
    rest       the tensors, little endian, without holes

    tensor     type, shape                 what
    lut.0 ...  int8 (c, levels, k, k, d)   the entries of each layer
    knots      uint8 (sum of levels,)      the layers one after the other
    gain skip  int16 (sum of d,)           likewise
    bias       int32 (sum of d,)           likewise

The value of "iqlut" is JSON: format (an integer), name, scale, layers (acc_shift, shift and interpolate
of each), sha256 (of all that decides a pixel), about (training data, seed, scores, licence) and, where it is
not 1, symmetry: the tensors are then the parts that symmetry.py stores.
The same tables give the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from iqlut import symmetry
from iqlut.tables import IllegalTables, Layer, Tables

FORMAT = 1
_CONSTANTS = ("knots", "gain", "skip", "bias")


class BadFile(ValueError):
    """A file that holds no legal tables. The message is one sentence."""


def to_bytes(tables: Tables) -> bytes:
    """The file of `tables`."""
    layers = [tables.stored(i) for i in range(len(tables.layers))]
    arrays = {f"lut.{i}": np.ascontiguousarray(layer["lut"]) for i, layer in enumerate(layers)}
    for name in _CONSTANTS:
        arrays[name] = np.concatenate([layer[name] for layer in layers])
    header = {
        "format": FORMAT,
        "name": tables.name,
        "scale": tables.scale,
        "layers": [[layer.acc_shift, layer.shift, layer.interpolate] for layer in tables.layers],
        "sha256": tables.sha256,
        "about": tables.about,
    }
    if tables.symmetry > 1:
        header["symmetry"] = tables.symmetry
    return safetensors.numpy.save(arrays, {"iqlut": json.dumps(header, separators=(",", ":"))})


def from_bytes(data: bytes) -> Tables:
    """The tables in `data`; BadFile if it is truncated, foreign, newer, tampered with or illegal."""
    header = _header(data)
    try:
        arrays = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError) as error:
        raise BadFile(f"the file is damaged ({error}); get it again") from None
    try:
        tables = _assemble(header, arrays)
    except IllegalTables as error:
        raise BadFile(f"the tables are illegal: {error}") from None
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise BadFile(f"the file lacks something or says it wrongly ({error!r}); get it again") from None
    if tables.sha256 != header.get("sha256"):
        raise BadFile("the tables differ from the checksum in the file: it was changed after it was made")
    return tables


def read(path: str | Path) -> Tables:
    """The tables in the file at `path`; BadFile, or OSError where it cannot be read."""
    data = Path(path).read_bytes()
    try:
        return from_bytes(data)
    except BadFile as error:
        raise BadFile(f"{path}: {error}") from None


def _header(data: bytes) -> dict[str, Any]:
    """The JSON under "iqlut", checked for the format's number only."""
    try:
        length = int.from_bytes(data[:8], "little")
        if len(data) < 8 or not 2 <= length <= len(data) - 8:
            raise ValueError("no header")
        header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["iqlut"])
        version = header["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadFile("this is no iqlut model, or only a part of one; wanted a whole *.iqlut file") from None
    if version != FORMAT:
        raise BadFile(f"the file has format {version}, this iqlut reads format {FORMAT}; install a newer iqlut")
    return header


def _assemble(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Tables:
    if not isinstance(header["name"], str) or not isinstance(header["about"], dict):
        raise TypeError("name and about")
    order = header.get("symmetry", 1)
    if type(order) is not int or order not in symmetry.ORDERS:
        raise TypeError("symmetry")
    luts = [arrays[f"lut.{i}"] for i in range(len(header["layers"]))]
    if set(arrays) != {*_CONSTANTS, *(f"lut.{i}" for i in range(len(luts)))}:
        raise KeyError("tensors")
    sizes = {"knots": [lut.shape[1] for lut in luts]}
    sizes["gain"] = sizes["skip"] = sizes["bias"] = [lut.shape[4] for lut in luts]
    parts = {}
    for name in _CONSTANTS:
        if arrays[name].shape != (sum(sizes[name]),):
            raise IllegalTables(f"{name} is {arrays[name].shape}, wanted ({sum(sizes[name])},)")
        parts[name] = np.split(arrays[name], np.cumsum(sizes[name])[:-1])
    layers = []
    for i, (acc_shift, shift, interpolate) in enumerate(header["layers"]):
        if not (type(acc_shift) is int and type(shift) is int and type(interpolate) is bool):
            raise TypeError("layers")
        stored = {"lut": luts[i], **{name: parts[name][i] for name in _CONSTANTS}}
        whole = symmetry.layer_of(stored, order, last=i == len(luts) - 1)
        layers.append(Layer(**whole, acc_shift=acc_shift, shift=shift, interpolate=interpolate))
    return Tables(header["name"], header["scale"], tuple(layers), header["about"], order)
