"""Files: the same tables there and back, and one sentence for everything else."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iqlut.errors import IllegalTables
from iqlut.tables import file_format, missing_taps
from iqlut.tables.file_format import BadModelFile, from_bytes, read, to_bytes
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables
from iqlut.tables.symmetry import Symmetry
from random_tables import random_layer, random_tables, symmetric_tables, without_taps

ABOUT = {"licence": "CC0-1.0", "psnr_db": {"Set5": 30.5}, "made": ["ünïcode", None, True]}


@pytest.fixture(scope="module")
def tables() -> Tables:
    small = random_tables(np.random.default_rng(2), scale=2, blocks=1, channels=2, kernels=(2, 1))
    return replace(small, about=ABOUT)


@pytest.fixture(scope="module")
def data(tables: Tables) -> bytes:
    return to_bytes(tables)


def edit(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The file with another value of "iqlut" in its header."""
    end = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:end])
    inner = json.loads(header["__metadata__"]["iqlut"])
    change(inner)
    header["__metadata__"]["iqlut"] = json.dumps(inner)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[end:]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 3, 4]), st.integers(1, 3), st.booleans())
def test_round_trip(seed: int, scale: int, blocks: int, interpolate: bool) -> None:
    tables = random_tables(np.random.default_rng(seed), scale, blocks, 3, (2, 3), interpolate)
    back = from_bytes(to_bytes(tables))
    assert (back.name, back.scale, back.about, back.sha256) == (
        tables.name,
        scale,
        {},
        tables.sha256,
    )
    for one, other in zip(back.layers, tables.layers, strict=True):
        for name in ("lut", "knots", "gain", "skip", "bias"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
            assert getattr(one, name).dtype == getattr(other, name).dtype
        assert (one.acc_shift, one.shift, one.interpolate) == (
            other.acc_shift,
            other.shift,
            other.interpolate,
        )


def test_about_and_name_come_back(tables: Tables, data: bytes) -> None:
    assert from_bytes(data).about == ABOUT
    assert from_bytes(to_bytes(replace(tables, name='日本 "x"'))).name == '日本 "x"'


def test_the_same_tables_give_the_same_bytes(tables: Tables, data: bytes) -> None:
    assert to_bytes(replace(tables)) == data
    assert to_bytes(from_bytes(data)) == data


def test_a_file_holds_what_its_description_says(tables: Tables, data: bytes) -> None:
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    assert set(header) == {"__metadata__", "lut.0", "lut.1", "knots", "gain", "skip", "bias"}
    assert len(data) - end == tables.table_bytes


def test_every_truncation_is_refused(data: bytes) -> None:
    for length in range(len(data)):
        with pytest.raises(BadModelFile):
            from_bytes(data[:length])
    with pytest.raises(BadModelFile):
        from_bytes(data + b"\0")


@pytest.mark.parametrize("flip", [1, 2, 0x20, 0x80, 0xFF])
def test_every_flipped_byte_is_refused_or_changes_no_pixel(
    tables: Tables, data: bytes, flip: int
) -> None:
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= flip
        try:
            back = from_bytes(bytes(changed))
        except BadModelFile:
            continue
        assert back.sha256 == tables.sha256, place  # the name or a remark


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_random_damage_is_refused_or_changes_no_pixel(
    tables: Tables, data: bytes, draw: st.DataObject
) -> None:
    changed = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        place = draw.draw(st.integers(0, len(changed) - 1))
        changed[place : place + draw.draw(st.integers(0, 3))] = draw.draw(st.binary(max_size=3))
    with suppress(BadModelFile):
        assert from_bytes(bytes(changed)).sha256 == tables.sha256


FOREIGN = {
    "empty": b"",
    "text": b"# iqlut\n" * 50,
    "png": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "zeros": bytes(4096),
    "header of 2**63 bytes": struct.pack("<Q", 2**63) + b"{}",
    "header of 2**64 - 1 bytes": b"\xff" * 64,
    "header of a gigabyte": struct.pack("<Q", 2**30) + b"{}" + bytes(100),
    "safetensors of another program": struct.pack("<Q", 24) + b'{"__metadata__":{"a":1}}',
    "a list": struct.pack("<Q", 2) + b"[]",
    "a deep list": struct.pack("<Q", 200_000) + b"[" * 200_000,
    "a deep value": struct.pack("<Q", 100_033)
    + b'{"__metadata__":{"iqlut":"'
    + b"[" * 100_000
    + b'"}}     ',
    "not UTF-8": struct.pack("<Q", 8) + b"\xff\xfe\xfd{}\x80\x81\x82",
    "a number too long to read": struct.pack("<Q", 9000)
    + b'{"__metadata__":{"iqlut":"'
    + b"9" * 8970
    + b'"}}}',
}


@pytest.mark.parametrize("what", FOREIGN)
def test_foreign_files_are_refused(what: str) -> None:
    with pytest.raises(BadModelFile, match="this is not an iqlut model or it is incomplete"):
        from_bytes(FOREIGN[what])


def test_a_newer_format_says_so(data: bytes) -> None:
    newer = edit(data, lambda header: header.update(format=4))
    expected = "the file has format 4, expected 1, 2 or 3; install a newer iqlut"
    with pytest.raises(BadModelFile, match=expected):
        from_bytes(newer)


@pytest.mark.parametrize("strengths", [(), (0, 1)])
@pytest.mark.parametrize("few", [(0, 0), (1, 2), (3, 2), (2, 5)])
def test_missing_taps_are_not_stored(few: tuple[int, int], strengths: tuple[float, ...]) -> None:
    """The file of a layer of 5 to 5 channels holds the taps that there are."""
    rng = np.random.default_rng(6)
    first = random_tables(rng, scale=2, blocks=2, channels=5, kernels=(3, 1))
    lut = rng.integers(1, 100, (5, 4, 3, 3, 5)).astype(np.int8)
    layer = random_layer(rng, without_taps(lut, *few), True, 1.0)
    sparse = replace(first, layers=(first.layers[0], layer, first.layers[2]))
    model = RestorationTables(strengths, (sparse,) * 2) if strengths else sparse
    data = to_bytes(model)
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    assert header["lut.1"]["shape"] == [5, 4, 5]
    around = [few[0], 4, 8, few[1]]
    assert header["around.1"]["shape"] == around
    assert len(data) - end == model.table_bytes
    back = from_bytes(data)
    assert back.sha256 == model.sha256 and to_bytes(back) == data
    sets = back.sets if isinstance(back, RestorationTables) else (back,)
    for one in sets:
        np.testing.assert_array_equal(one.layers[1].lut, layer.lut)


@pytest.mark.parametrize("strengths", [(), (0, 1)])
@pytest.mark.parametrize("order", [1, 8])
def test_of_lines_of_taps_a_row_is_stored(order: int, strengths: tuple[float, ...]) -> None:
    """Of symmetric tables, whose whole has rows and columns, too."""
    rng = np.random.default_rng(6)
    tables = symmetric_tables(rng, Symmetry(order), 2, shape=(8, 5), lines=True)
    model = RestorationTables(strengths, (tables,) * 2) if strengths else tables
    data = to_bytes(model)
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    c, levels, _, _, d = tables.stored(1)["lut"].shape
    assert header["lut.1"]["shape"] == [c, levels, 1, 3, d]
    assert len(data) - end == model.table_bytes
    back = from_bytes(data)
    assert back.sha256 == model.sha256 and to_bytes(back) == data
    ones = back.sets if isinstance(back, RestorationTables) else (back,)
    for one in ones:
        np.testing.assert_array_equal(one.layers[1].lut, tables.layers[1].lut)
    assert (tables.layers[1].lut[:, :, 0, 1].any()) == (order == 8)


def test_a_row_without_taps_beside_the_centre_is_refused() -> None:
    """It would be a second file of the same tables, as `centre` and `around`."""
    row = np.zeros((3, 4, 1, 3, 5), np.int8)
    row[:, :, :, 1] = 1
    for wrong in (row, row[..., :2, :], row[:, :, :, :1], np.ones((3, 4, 2, 3, 5), np.int8)):
        with pytest.raises(IllegalTables, match="as many rows of taps as columns"):
            missing_taps.join_row(wrong)
    row[0, 0, 0, 0, 0] = 1
    around = np.zeros((1, 4, 8, 1), np.int8)
    around[0, 0, 3] = 1
    with pytest.raises(IllegalTables, match="expected this row as one tensor"):
        missing_taps.join(row[:, :, 0, 1], around)
    assert missing_taps.split(missing_taps.join_row(row))[0].shape == row.shape


def test_missing_taps_that_are_not_the_least_are_refused() -> None:
    """A second file of the same tables would have another hash than the first."""
    rng = np.random.default_rng(6)
    centre = rng.integers(1, 100, (3, 4, 5)).astype(np.int8)
    around = rng.integers(1, 100, (2, 4, 8, 2)).astype(np.int8)
    lut = missing_taps.join(centre, around)
    assert missing_taps.extent(lut) == (2, 2)
    around[1] = 0
    wider = np.zeros((3, 4, 8, 5), np.int8)
    for wrong in (around, around[:, :3], wider, wider[..., :7], np.ones((4, 4, 8, 2), np.int8)):
        with pytest.raises(IllegalTables, match="taps off the centre"):
            missing_taps.join(centre, wrong)


HEADERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no name": lambda header: header.pop("name"),
    "name of another type": lambda header: header.update(name=7),
    "no layers": lambda header: header.pop("layers"),
    "layers as text": lambda header: header.update(layers="ab"),
    "layers as numbers": lambda header: header.update(layers=[1, 2]),
    "a layer less": lambda header: header["layers"].pop(),
    "a layer more": lambda header: header["layers"].append([0, 0, True]),
    "a shift as a float": lambda header: header["layers"][0].__setitem__(
        0, float(header["layers"][0][0])
    ),
    "a shift as truth": lambda header: header["layers"][0].__setitem__(0, True),
    "a shift too large": lambda header: header["layers"][0].__setitem__(1, 31),
    "a shift beyond all": lambda header: header["layers"][0].__setitem__(1, 10**400),
    "another scale": lambda header: header.update(scale=4),
    "scale as a float": lambda header: header.update(scale=2.0),
    "scale as a list": lambda header: header.update(scale=[2]),
    "about as a list": lambda header: header.update(about=[]),
    "no checksum": lambda header: header.pop("sha256"),
    "another checksum": lambda header: header.update(sha256="0" * 64),
}


@pytest.mark.parametrize("what", HEADERS)
def test_wrong_headers_are_refused(data: bytes, what: str) -> None:
    with pytest.raises(BadModelFile) as refusal:
        from_bytes(edit(data, HEADERS[what]))
    assert "\n" not in str(refusal.value)


def test_changed_entries_are_noticed(data: bytes) -> None:
    changed = data[:-1] + bytes([data[-1] ^ 1])
    with pytest.raises(BadModelFile):
        from_bytes(changed)


def test_read_names_the_file(tmp_path, tables: Tables, data: bytes) -> None:
    (tmp_path / "whole.iqlut").write_bytes(data)
    assert (
        read(tmp_path / "whole.iqlut").sha256
        == read(str(tmp_path / "whole.iqlut")).sha256
        == tables.sha256
    )
    (tmp_path / "half.iqlut").write_bytes(data[: len(data) // 2])
    with pytest.raises(BadModelFile, match=r"half\.iqlut: "):
        read(tmp_path / "half.iqlut")
    with pytest.raises(OSError, match=r"none\.iqlut"):
        read(tmp_path / "none.iqlut")


def test_bad_files_are_value_errors() -> None:
    assert issubclass(file_format.BadModelFile, ValueError)
