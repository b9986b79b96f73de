"""`*.iqlut` model files: tables to bytes and back. Reading a file executes nothing in it.

A model file is a safetensors file:

    8 bytes    length n of the header, little endian
    n bytes    JSON: types, shapes and offsets of the tensors; "__metadata__" has one key, "iqlut"
    the rest   the tensors, little endian, without gaps

    tensor     type, shape                 content
    lut.0 ...  int8 (c, levels, k, k, d)   the entries of each layer
    knots      uint8 (sum of levels,)      of all layers, one after the other
    gain skip  int16 (sum of d,)           of all layers, one after the other
    bias       int32 (sum of d,)           of all layers, one after the other

The value of "iqlut" is JSON with the keys `format` (an integer), `name`, `scale`, `layers`
(acc_shift, shift and interpolate of each), `sha256` (of everything that decides a pixel), `about`
(training data, seed, scores, licence) and, unless they are 1 and false, `symmetry` and `negative`:
the tensors are then the parts that symmetry.py stores.

Format 1 holds one set of tables. Format 2 holds a `RestorationTables`: "iqlut" also has the key
`strengths`, a number for each table set, and the file holds for each set after the first, numbered
from 1,

    lut.0.N ...  as lut.0 ...              the entries of set N
    bias.N       as bias                   the biases of set N

Format 3 is either of the two, with the negative, or with at least one table that has not all taps
(missing_taps.py). The tensor `lut.N` of such a table is (c, levels, 1, 3, d) and holds the middle
row of taps, or it is (c, levels, d) and holds the entries at the centre, and the file also holds

    around.N     int8 (few_in, levels, 8, few_out)  those of the other taps

and likewise `around.N.S` for set S.

The same tables give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from iqlut.errors import BadModelFile, IllegalTables
from iqlut.tables import missing_taps, symmetry
from iqlut.tables.integer_tables import LAYERS_MAX, StoredLayer, Tables
from iqlut.tables.missing_taps import lacks_taps, whole_size
from iqlut.tables.restoration_tables import RestorationTables

ONE_SET, SEVERAL_SETS, EXTENDED = FORMATS = (1, 2, 3)
# Limits of a file, which are checked before anything is made of it. All layers of a file together
# have at most FILE_BYTES_MAX entries, those included that a symmetric model does not store.
FILE_BYTES_MAX = 32 << 20
_HEADER_BYTES_MAX = 1 << 20
_NAME_MAX = 100
_NESTING_MAX = 16  # of values in `about`
_CONSTANTS = ("knots", "gain", "skip", "bias")
_OWN = ("lut", "around", "bias")  # the tensors that each table set has for itself


def to_bytes(model: Tables | RestorationTables) -> bytes:
    """The content of the file of a model. Raises IllegalTables if it exceeds a limit of files."""
    import safetensors.numpy  # not above: `import iqlut` should not wait for it

    sets = model.sets if isinstance(model, RestorationTables) else (model,)
    arrays: dict[str, np.ndarray] = {}
    for number, tables in enumerate(sets):
        arrays |= _arrays(tables, number)
    first = sets[0]
    header = {
        "format": _format(model, arrays),
        "name": first.name,
        "scale": first.scale,
        "layers": [[layer.acc_shift, layer.shift, layer.interpolate] for layer in first.layers],
        "sha256": model.sha256,
        "about": first.about,
    }
    if first.symmetry > 1:
        header["symmetry"] = first.symmetry
    if first.negative:
        header["negative"] = True
    if isinstance(model, RestorationTables):
        header["strengths"] = list(model.strengths)
    _check_entries(arrays, first.group)
    data = safetensors.numpy.save(arrays, {"iqlut": json.dumps(header, separators=(",", ":"))})
    if len(data) > FILE_BYTES_MAX:
        raise IllegalTables(
            f"the file of the model has {len(data)} bytes, expected at most {FILE_BYTES_MAX}; "
            "use fewer layers, channels, levels or strengths"
        )
    return data


def _format(model: Tables | RestorationTables, arrays: dict[str, np.ndarray]) -> int:
    """The format of a file with these tensors."""
    lacks = any(lacks_taps(array) for name, array in arrays.items() if name.startswith("lut"))
    if lacks or model.negative:
        return EXTENDED
    return SEVERAL_SETS if isinstance(model, RestorationTables) else ONE_SET


def _check_entries(arrays: Mapping[str, np.ndarray], group: symmetry.Symmetry) -> None:
    """Raise IllegalTables if the whole tables have more entries than a reader makes room for."""
    luts = [array for name, array in arrays.items() if name.startswith("lut")]
    if (entries := group.order * sum(map(whole_size, luts))) > FILE_BYTES_MAX:
        raise IllegalTables(f"the layers have {entries} entries, expected at most {FILE_BYTES_MAX}")


def _arrays(tables: Tables, number: int) -> dict[str, np.ndarray]:
    """The tensors of table set `number` by their names in the file."""
    layers = [tables.stored(i) for i in range(len(tables.layers))]
    arrays = {}
    for i, layer in enumerate(layers):
        lut, *around = missing_taps.split(layer["lut"])
        arrays[_named(f"lut.{i}", number)] = lut
        if around:
            arrays[_named(f"around.{i}", number)] = around[0]
    for name in _CONSTANTS if number == 0 else ("bias",):
        arrays[_named(name, number)] = np.concatenate([layer[name] for layer in layers])
    return arrays


def _named(name: str, number: int) -> str:
    """The name of a tensor of set `number`; tensors that sets share have that of the first set."""
    return f"{name}.{number}" if number and name.startswith(_OWN) else name


def from_bytes(data: bytes) -> Tables | RestorationTables:
    """The model in the content of a file.

    Raises BadModelFile if the file is truncated, of another kind, newer than this package, changed
    or if its tables are illegal.
    """
    header = _header(data)
    try:
        model = _assemble(header, _tensors(data))
    except IllegalTables as error:
        raise BadModelFile(f"the tables are illegal: {error}; get the file again") from None
    except (LookupError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise BadModelFile(
            f"the header lacks a value or has one of the wrong type ({error!r}), expected the "
            "header of a model; get the file again"
        ) from None
    if model.sha256 != header.get("sha256"):
        raise BadModelFile(
            "the tables do not match the checksum in the file, expected the tables that were "
            "saved; get the file again"
        )
    return model


def _tensors(data: bytes) -> dict[str, np.ndarray]:
    import safetensors.numpy  # not above: `import iqlut` should not wait for it

    try:
        return safetensors.numpy.load(data)
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError) as error:
        raise BadModelFile(f"the file is damaged ({error}); get it again") from None


def read(path: str | Path) -> Tables | RestorationTables:
    """The model in the file at `path`. Raises BadModelFile, or OSError if it cannot be read."""
    with Path(path).open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    try:
        if len(data) > FILE_BYTES_MAX:
            raise BadModelFile(
                f"the file has more than {FILE_BYTES_MAX} bytes, expected a model of at most that "
                "size; check the name"
            )
        return from_bytes(data)
    except BadModelFile as error:
        raise BadModelFile(f"{path}: {error}") from None


def _header(data: bytes) -> dict[str, Any]:
    """The JSON under "iqlut", of which only `format` is checked."""
    try:
        length = int.from_bytes(data[:8], "little")
        if len(data) < 8 or not 2 <= length <= min(len(data) - 8, _HEADER_BYTES_MAX):
            raise ValueError("no header")
        header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["iqlut"])
        version = header["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadModelFile(
            "this is not an iqlut model or it is incomplete, expected a complete *.iqlut file; "
            "get it again"
        ) from None
    if version not in FORMATS:
        raise BadModelFile(
            f"the file has format {version}, expected {ONE_SET}, {SEVERAL_SETS} or {EXTENDED}; "
            "install a newer iqlut"
        )
    return header


def _assemble(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Tables | RestorationTables:
    """Make the model of a header and its tensors."""
    name, about = header["name"], header["about"]
    if not isinstance(name, str) or len(name) > _NAME_MAX:
        raise TypeError("name")
    if not isinstance(about, dict) or _nesting(about) > _NESTING_MAX:
        raise TypeError("about")
    if len(header["layers"]) > LAYERS_MAX:
        raise IllegalTables(
            f"there are {len(header['layers'])} layers, expected at most {LAYERS_MAX}"
        )
    group = _group(header)
    _check_entries(arrays, group)
    strengths = _strengths(header)
    numbers = range(max(1, len(strengths)))
    if set(arrays) != _expected_tensors(header, arrays, numbers):
        raise KeyError("tensors")
    sets = [_table_set(header, arrays, number) for number in numbers]
    return RestorationTables(tuple(strengths), tuple(sets)) if strengths else sets[0]


def _group(header: dict[str, Any]) -> symmetry.Symmetry:
    """The symmetry group that a header names. Raises TypeError for other values."""
    count, negative = header.get("symmetry", 1), header.get("negative", False)
    if (type(count), type(negative)) != (int, bool) or count not in symmetry.FLIPS_ROTATIONS:
        raise TypeError("symmetry or negative")
    return symmetry.Symmetry(count, negative)


def _strengths(header: dict[str, Any]) -> list[float]:
    """The strengths of the table sets; empty for a single set. TypeError for other values."""
    if header["format"] == ONE_SET or (header["format"] == EXTENDED and "strengths" not in header):
        return []
    strengths = header["strengths"]
    are_numbers = isinstance(strengths, list) and all(type(s) in (int, float) for s in strengths)
    if not strengths or not are_numbers:
        raise TypeError("strengths")
    return strengths


def _expected_tensors(
    header: dict[str, Any], arrays: dict[str, np.ndarray], numbers: range
) -> set[str]:
    """The names of the tensors that a file of this header has for the table sets `numbers`.

    Raises KeyError if a table is missing, and TypeError if none or some have missing taps although
    the format says otherwise.
    """
    layers = range(len(header["layers"]))
    luts = {_named(f"lut.{i}", n): _named(f"around.{i}", n) for n in numbers for i in layers}
    lacks = any(lacks_taps(arrays[lut]) for lut in luts)
    if (lacks or _group(header).negative) != (header["format"] == EXTENDED):
        raise TypeError("format")
    around = {around for lut, around in luts.items() if arrays[lut].ndim == 3}
    return {_named(name, n) for n in numbers for name in _CONSTANTS} | luts.keys() | around


def _nesting(value: Any) -> int:
    """How deeply lists and objects are nested in a JSON value, counted up to `_NESTING_MAX` + 1."""
    level, depth = [value], 0
    while level and depth <= _NESTING_MAX:
        inner = [one for one in level if isinstance(one, dict | list)]
        level = [each for one in inner for each in (one.values() if isinstance(one, dict) else one)]
        depth += bool(inner)
    return depth


def _lut(arrays: dict[str, np.ndarray], layer: int, number: int) -> np.ndarray:
    """The stored part of the table of a layer in set `number`, with all taps."""
    lut = arrays[_named(f"lut.{layer}", number)]
    if not lacks_taps(lut):
        return lut
    if lut.ndim == 5:
        return missing_taps.join_row(lut)
    return missing_taps.join(lut, arrays[_named(f"around.{layer}", number)])


def _table_set(header: dict[str, Any], arrays: dict[str, np.ndarray], number: int) -> Tables:
    """Make the tables of set `number`."""
    luts = [_lut(arrays, i, number) for i in range(len(header["layers"]))]
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
        values = {"acc_shift": acc_shift, "shift": shift, "interpolate": interpolate}
        layers.append(StoredLayer(stored, values))
    name, scale, about = (header[key] for key in ("name", "scale", "about"))
    return Tables.from_stored(name, scale, layers, about, _group(header))
