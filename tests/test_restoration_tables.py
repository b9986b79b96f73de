"""Table sets for several strengths: blends are exact, legal and equal in all engines and files."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from iqlut import arithmetic as ar
from iqlut import engines
from iqlut.errors import IllegalTables
from iqlut.tables import file_format, symmetry
from iqlut.tables import strengths as strengths_of
from iqlut.tables.file_format import BadModelFile, from_bytes, to_bytes
from iqlut.tables.restoration_tables import RestorationTables
from random_tables import random_restoration_tables
from test_fileformat import edit

WEIGHTS = range(17)
ENTRIES = np.arange(-ar.ENTRY_MAX, ar.ENTRY_MAX + 1)


@pytest.fixture
def restoration_tables(rng: np.random.Generator) -> RestorationTables:
    return random_restoration_tables(rng, scale=2, channels=3)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def carried(below: np.ndarray, above: np.ndarray, weight: int) -> np.ndarray:
    """Blend entries (c, levels, k, k, d) one by one, as docs/specification.md defines it."""
    c, levels, k, _, d = below.shape
    blend = np.zeros(below.shape, int)
    for level, o in product(range(levels), range(d)):
        carry = 0
        for a, i, j in product(range(c), range(k), range(k)):
            one, two = int(below[a, level, i, j, o]), int(above[a, level, i, j, o])
            exact = (16 - weight) * one + weight * two + carry
            blend[a, level, i, j, o] = (exact + 8) >> 4
            carry = exact - 16 * blend[a, level, i, j, o]
    return blend


@pytest.mark.parametrize("weight", WEIGHTS)
def test_a_blend_carries_what_rounding_leaves(rng: np.random.Generator, weight: int) -> None:
    for shape in ((1, 2, 1, 1, 1), (3, 4, 3, 3, 2), (8, 2, 2, 2, 5)):
        below, above = (rng.integers(-127, 128, shape).astype(np.int8) for _ in range(2))
        blend = ar.blend_sets(below, above, weight)
        assert blend.dtype == np.int8
        np.testing.assert_array_equal(blend, carried(below, above, weight))
        assert ((np.minimum(below, above) <= blend) & (blend <= np.maximum(below, above))).all()
        np.testing.assert_array_equal(ar.blend_sets(below, below, weight), below)
    np.testing.assert_array_equal(ar.blend_sets(below, above, 0), below)
    np.testing.assert_array_equal(ar.blend_sets(below, above, 16), above)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_the_errors_of_a_blend_cancel(weight: int) -> None:
    """For all pairs of entries, a sum over channels and taps differs by at most half an entry."""
    below, above = (
        part.reshape(-1, 1, 1, 1, 1).astype(np.int8) for part in np.meshgrid(ENTRIES, ENTRIES)
    )
    exact = (16 - weight) * below.astype(int) + weight * above.astype(int)
    error = 16 * ar.blend_sets(below, above, weight).astype(int) - exact
    assert np.abs(error.cumsum(axis=0)).max() <= 8
    assert np.abs(error).max() < 16


def test_strengths_have_their_place() -> None:
    assert strengths_of.sixteenths((0, 1, 3), 0) == (0, 0)
    assert strengths_of.sixteenths((0, 1, 3), 0.25) == (0, 4)
    assert strengths_of.sixteenths((0, 1, 3), 0.99) == (1, 0)
    assert strengths_of.sixteenths((0, 1, 3), 1) == (1, 0)
    assert strengths_of.sixteenths((0, 1, 3), 2) == (1, 8)
    assert strengths_of.sixteenths((0, 1, 3), 3) == (2, 0)
    for numerator in range(49):
        strength = Fraction(numerator, 16)
        below, weight = strengths_of.sixteenths((0, 3), float(strength))
        assert abs(Fraction(weight, 16) * 3 + 3 * below - strength) <= Fraction(3, 32)


def test_a_stored_strength_is_its_set_and_one_between_is_the_blend(
    restoration_tables: RestorationTables,
) -> None:
    for strength, tables in zip(restoration_tables.strengths, restoration_tables.sets, strict=True):
        assert restoration_tables.at(strength) is tables
    between = restoration_tables.at(2.25)  # 10/16 of the way from 1 to 3
    for one, below, above in zip(
        between.layers,
        restoration_tables.sets[1].layers,
        restoration_tables.sets[2].layers,
        strict=True,
    ):
        np.testing.assert_array_equal(one.lut, carried(below.lut, above.lut, 10))
        np.testing.assert_array_equal(
            one.bias, (6 * below.bias.astype(int) + 10 * above.bias + 8) >> 4
        )
        np.testing.assert_array_equal(one.gain, below.gain)
    assert restoration_tables.at(2.25) is between  # kept
    assert between.sha256 == replace(between).sha256 != restoration_tables.sets[1].sha256


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 3, 4]), st.floats(0, 3))
def test_every_engine_gives_the_pixels_of_the_reference_at_any_strength(
    seed: int, scale: int, strength: float
) -> None:
    rng = np.random.default_rng(seed)
    tables = random_restoration_tables(rng, scale, channels=int(rng.integers(1, 10))).at(strength)
    plane = rng.integers(0, 256, tuple(rng.integers(1, 20, 2)), dtype=np.uint8)
    there = [
        name for name in engines.ENGINES if name != "torch" or importlib.util.find_spec("torch")
    ]
    expected, *others = (engines.get(name).build(tables, threads=2)(plane) for name in there)
    for other in others:
        np.testing.assert_array_equal(other, expected)


def test_the_largest_entries_of_both_sets_blend_into_legal_tables(rng: np.random.Generator) -> None:
    restoration_tables = random_restoration_tables(rng, 2, (0, 3))
    signs = [
        rng.choice([-127, 127], layer.lut.shape).astype(np.int8)
        for layer in restoration_tables.sets[0].layers
    ]
    extreme = replace(
        restoration_tables.sets[0],
        layers=tuple(
            replace(one, lut=lut)
            for one, lut in zip(restoration_tables.sets[0].layers, signs, strict=True)
        ),
    )
    for weight in WEIGHTS:
        RestorationTables((0, 3), (extreme, restoration_tables.sets[1])).at(3 * weight / 16)


def test_a_strength_outside_the_dial_is_refused(restoration_tables: RestorationTables) -> None:
    for strength in (-0.1, 3.1, float("nan")):
        with pytest.raises(ValueError, match="expected 0 to 3, the range of the model random"):
            restoration_tables.at(strength)


@pytest.mark.parametrize(
    "strengths", [(0,), (0, 0), (0, 2, 1), (1, 2), (0, 3.5), (0, float("nan"))]
)
def test_strengths_that_are_none(
    restoration_tables: RestorationTables, strengths: tuple[float, ...]
) -> None:
    with pytest.raises(IllegalTables, match="the strengths are"):
        RestorationTables(strengths, restoration_tables.sets[: len(strengths)])


def test_sets_share_what_they_must(restoration_tables: RestorationTables) -> None:
    first, second = restoration_tables.sets[:2]
    layer = second.layers[1]
    knots = layer.knots.copy()
    if layer.levels > 2:
        knots[1] += 1 if knots[1] + 1 < knots[2] else -1
    changed = {
        "gain": layer.gain // 2 + 1,
        "skip": layer.skip // 2 + 1,
        "acc_shift": layer.acc_shift + 1,
        "shift": layer.shift + 1,
        "interpolate": not layer.interpolate,
        **({"knots": knots} if layer.levels > 2 else {}),
    }
    for name, value in changed.items():
        layers = (second.layers[0], replace(layer, **{name: value}), *second.layers[2:])
        with pytest.raises(
            IllegalTables, match=r"set 1, layer 1.*expected only entries and biases to differ"
        ):
            RestorationTables((0, 3), (first, replace(second, layers=layers)))
    with pytest.raises(IllegalTables, match="has another name"):
        RestorationTables((0, 3), (first, replace(second, name="other")))
    with pytest.raises(IllegalTables, match="2 table sets for 3 strengths"):
        RestorationTables((0, 1, 3), (first, second))


def test_there_and_back(restoration_tables: RestorationTables) -> None:
    restoration_tables = restoration_tables.with_about({"licence": "CC0"})
    back = from_bytes(to_bytes(restoration_tables))
    assert isinstance(back, RestorationTables)
    assert (back.strengths, back.sha256, back.about) == (
        (0.0, 1.0, 3.0),
        restoration_tables.sha256,
        {"licence": "CC0"},
    )
    for strength in (0, 0.4, 1, 1.7, 3):
        assert back.at(strength).sha256 == restoration_tables.at(strength).sha256
    assert to_bytes(back) == to_bytes(restoration_tables)


def test_shared_parts_are_stored_once(restoration_tables: RestorationTables) -> None:
    data = to_bytes(restoration_tables)
    end = 8 + int.from_bytes(data[:8], "little")
    assert (
        len(data) - end
        == restoration_tables.table_bytes
        < 3 * restoration_tables.sets[0].table_bytes
    )


def test_files_that_are_no_dial(restoration_tables: RestorationTables) -> None:
    data = to_bytes(restoration_tables)
    for strengths, said in (
        ([0, 1], "the header lacks a value"),
        ([0, 3, 1], "the strengths are"),
        ("all", "the header lacks a value"),
        ([0, 1, 4], "the strengths are"),
        ([0, 1, True], "the header lacks a value"),
        ([0, 1, 2.5], "do not match the checksum"),
    ):
        with pytest.raises(BadModelFile, match=said):
            from_bytes(edit(data, lambda header, value=strengths: header.update(strengths=value)))
    with pytest.raises(BadModelFile, match="the header lacks a value"):
        from_bytes(edit(data, lambda header: header.update(format=file_format.ONE_SET)))
    for length in range(0, len(data), 97):
        with pytest.raises(BadModelFile):
            from_bytes(data[:length])


def test_a_set_of_another_shape_is_refused(restoration_tables: RestorationTables) -> None:
    """Or one that lacks a tensor, or has one too many."""
    arrays = safetensors.numpy.load(to_bytes(restoration_tables))
    end = 8 + int.from_bytes(to_bytes(restoration_tables)[:8], "little")
    metadata = json.loads(to_bytes(restoration_tables)[8:end])["__metadata__"]

    def file(changes: dict[str, np.ndarray | None]) -> bytes:
        kept = {name: array for name, array in {**arrays, **changes}.items() if array is not None}
        return safetensors.numpy.save(kept, metadata)

    assert isinstance(from_bytes(file({})), RestorationTables)
    other = np.zeros((*arrays["lut.1.2"].shape[:1], 2, *arrays["lut.1.2"].shape[2:]), np.int8)
    for changes in (
        {"lut.1.2": other},
        {"bias.1": None},
        {"bias.3": arrays["bias.1"]},
        {"bias.1": arrays["bias.1"][:-1]},
    ):
        with pytest.raises(BadModelFile):
            from_bytes(file(changes))


def test_a_blend_of_symmetric_sets_is_symmetric() -> None:
    """The stored parts are blended, and what a device expands of them is the whole."""
    rng = np.random.default_rng(5)
    shape, group = (16, 5, 3, 3, 2), symmetry.Symmetry(8)
    parts = [rng.integers(-127, 128, shape).astype(np.int8) for _ in range(2)]
    blend = ar.blend_sets(*parts, 5)
    whole = symmetry.whole(blend, group, last=False)
    np.testing.assert_array_equal(symmetry.stored(whole, group, last=False), blend)
