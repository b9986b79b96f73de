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

Format 1 holds one set of tables. Format 2 holds a `RestorationTables`: its "iqlut" has strengths too, a number for each table set,
and the file has for each set after the first, numbered from 1,

    lut.0.N ...  as lut.0 ...              the entries of set N
    bias.N       as bias                   its biases

The same tables give the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from iqlut.tables import symmetry
from iqlut.tables.integer_tables import IllegalTables, Layer, Tables
from iqlut.tables.restoration_tables import RestorationTables

ONE_SET, SEVERAL_SETS = FORMATS = (1, 2)
_CONSTANTS = ("knots", "gain", "skip", "bias")
_OWN = ("lut", "bias")  # what each table set has of its own


class BadFile(ValueError):
    """A file that holds no legal tables. The message is one sentence."""


def to_bytes(model: Tables | RestorationTables) -> bytes:
    """The file of a model."""
    sets = model.sets if isinstance(model, RestorationTables) else (model,)
    arrays: dict[str, np.ndarray] = {}
    for number, tables in enumerate(sets):
        arrays |= _arrays(tables, number)
    first = sets[0]
    header = {
        "format": SEVERAL_SETS if isinstance(model, RestorationTables) else ONE_SET,
        "name": first.name,
        "scale": first.scale,
        "layers": [[layer.acc_shift, layer.shift, layer.interpolate] for layer in first.layers],
        "sha256": model.sha256,
        "about": first.about,
    }
    if first.symmetry > 1:
        header["symmetry"] = first.symmetry
    if isinstance(model, RestorationTables):
        header["strengths"] = list(model.strengths)
    return safetensors.numpy.save(arrays, {"iqlut": json.dumps(header, separators=(",", ":"))})


def _arrays(tables: Tables, number: int) -> dict[str, np.ndarray]:
    """The tensors of a table set, each under its name in the file."""
    layers = [tables.stored(i) for i in range(len(tables.layers))]
    arrays = {
        _named(f"lut.{i}", number): np.ascontiguousarray(layer["lut"])
        for i, layer in enumerate(layers)
    }
    for name in _CONSTANTS if number == 0 else ("bias",):
        arrays[_named(name, number)] = np.concatenate([layer[name] for layer in layers])
    return arrays


def _named(name: str, number: int) -> str:
    """The name of a tensor of set `number`; what sets share has that of the first."""
    return f"{name}.{number}" if number and name.startswith(_OWN) else name


def from_bytes(data: bytes) -> Tables | RestorationTables:
    """The model in `data`; BadFile if it is truncated, foreign, newer, tampered with or illegal."""
    header = _header(data)
    try:
        arrays = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError) as error:
        raise BadFile(f"the file is damaged ({error}); get it again") from None
    try:
        model = _assemble(header, arrays)
    except IllegalTables as error:
        raise BadFile(f"the tables are illegal: {error}") from None
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise BadFile(
            f"the file lacks something or says it wrongly ({error!r}); get it again"
        ) from None
    if model.sha256 != header.get("sha256"):
        raise BadFile(
            "the tables differ from the checksum in the file: it was changed after it was made"
        )
    return model


def read(path: str | Path) -> Tables | RestorationTables:
    """The model in the file at `path`; BadFile, or OSError where it cannot be read."""
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
        raise BadFile(
            "this is no iqlut model, or only a part of one; expected a whole *.iqlut file"
        ) from None
    if version not in FORMATS:
        raise BadFile(
            f"the file has format {version}, this iqlut reads {ONE_SET} and {SEVERAL_SETS}; install a newer iqlut"
        )
    return header


def _assemble(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Tables | RestorationTables:
    if not isinstance(header["name"], str) or not isinstance(header["about"], dict):
        raise TypeError("name and about")
    if header["format"] == ONE_SET:
        strengths: list[float] = []
    else:
        strengths = header["strengths"]
        if not isinstance(strengths, list) or not all(
            type(one) in (int, float) for one in strengths
        ):
            raise TypeError("strengths")
    numbers, layers = range(max(1, len(strengths))), range(len(header["layers"]))
    expected = {
        _named(name, n) for n in numbers for name in (*_CONSTANTS, *(f"lut.{i}" for i in layers))
    }
    if set(arrays) != expected:
        raise KeyError("tensors")
    sets = [_table_set(header, arrays, number) for number in numbers]
    return RestorationTables(tuple(strengths), tuple(sets)) if strengths else sets[0]


def _table_set(header: dict[str, Any], arrays: dict[str, np.ndarray], number: int) -> Tables:
    order = header.get("symmetry", 1)
    if type(order) is not int or order not in symmetry.ORDERS:
        raise TypeError("symmetry")
    luts = [arrays[_named(f"lut.{i}", number)] for i in range(len(header["layers"]))]
    sizes = {"knots": [lut.shape[1] for lut in luts]}
    sizes["gain"] = sizes["skip"] = sizes["bias"] = [lut.shape[4] for lut in luts]
    parts = {}
    for name in _CONSTANTS:
        array = arrays[_named(name, number)]
        if array.shape != (sum(sizes[name]),):
            raise IllegalTables(
                f"{_named(name, number)} is {array.shape}, expected ({sum(sizes[name])},)"
            )
        parts[name] = np.split(array, np.cumsum(sizes[name])[:-1])
    layers = []
    for i, (acc_shift, shift, interpolate) in enumerate(header["layers"]):
        if not (type(acc_shift) is int and type(shift) is int and type(interpolate) is bool):
            raise TypeError("layers")
        stored = {"lut": luts[i], **{name: parts[name][i] for name in _CONSTANTS}}
        whole = symmetry.layer_of(stored, order, last=i == len(luts) - 1)
        layers.append(Layer(**whole, acc_shift=acc_shift, shift=shift, interpolate=interpolate))
    return Tables(header["name"], header["scale"], tuple(layers), header["about"], order)
