"""Illegal tables cannot exist, and each refusal says what is and what was wanted."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iqlut import arithmetic as ar
from iqlut.engines import reference
from iqlut.errors import IllegalTables
from iqlut.tables import missing_taps
from iqlut.tables.integer_tables import Tables
from iqlut.tables.layer import Layer
from random_tables import random_layer, random_lut, random_tables


def parts(levels: int = 4, c: int = 1, k: int = 2, d: int = 4) -> dict[str, Any]:
    """What a legal layer is made of."""
    return {
        "lut": np.ones((c, levels, k, k, d), np.int8),
        "knots": np.linspace(0, 255, levels).astype(np.uint8),
        "gain": np.ones(d, np.int16),
        "skip": np.zeros(d, np.int16),
        "bias": np.full(d, 8, np.int32),
        "acc_shift": 2,
        "shift": 4,
    }


def layer_of(made_of: dict[str, Any]) -> Layer:
    return Layer(**made_of)


def cut(name: str) -> np.ndarray:
    return parts()[name][:-1]


REFUSED = {
    "lut is uint8, expected int8": {"lut": parts()["lut"].astype(np.uint8)},
    "knots is int64, expected uint8": {"knots": parts()["knots"].astype(np.int64)},
    "gain is int32, expected int16": {"gain": parts()["gain"].astype(np.int32)},
    "bias is int16, expected int32": {"bias": parts()["bias"].astype(np.int16)},
    "lut is (4, 4, 2, 2), expected (c, levels, k, k, d)": {"lut": np.ones((4, 4, 2, 2), np.int8)},
    "lut is (1, 4, 2, 3, 4), expected": {"lut": np.ones((1, 4, 2, 3, 4), np.int8)},
    "lut is (1, 4, 4, 4, 4), expected": {"lut": np.ones((1, 4, 4, 4, 4), np.int8)},
    "lut is (1, 4, 0, 0, 4), expected": {"lut": np.ones((1, 4, 0, 0, 4), np.int8)},
    "lut has 1 levels, expected 2 to 256": {"lut": np.ones((1, 1, 2, 2, 4), np.int8)},
    "lut has 257 levels, expected 2 to 256": {"lut": np.ones((1, 257, 2, 2, 4), np.int8)},
    "lut maps 0 to 4 channels, expected 1 to 64": {"lut": np.ones((0, 4, 2, 2, 4), np.int8)},
    "lut maps 65 to 4 channels": {"lut": np.ones((65, 4, 2, 2, 4), np.int8)},
    "lut maps 1 to 0 channels": {"lut": np.ones((1, 4, 2, 2, 0), np.int8)},
    "knots are (3,), expected (4,): one for each level": {"knots": cut("knots")},
    "gain is (3,), expected (4,)": {"gain": cut("gain")},
    "skip is (3,), expected (4,)": {"skip": cut("skip")},
    "bias is (3,), expected (4,)": {"bias": cut("bias")},
    "an entry is -128, expected -127 to 127": {"lut": np.full((1, 4, 2, 2, 4), -128, np.int8)},
    "knots are [1, 85, 170, 255], expected rising": {
        "knots": np.array([1, 85, 170, 255], np.uint8)
    },
    "knots are [0, 85, 170, 254], expected rising": {
        "knots": np.array([0, 85, 170, 254], np.uint8)
    },
    "knots are [0, 85, 85, 255], expected rising": {"knots": np.array([0, 85, 85, 255], np.uint8)},
    "acc_shift is float, expected int": {"acc_shift": 2.0},
    "shift is int64, expected int": {"shift": np.int64(4)},
    "interpolate is int, expected bool": {"interpolate": 1},
    "shifts are -1 and 4, expected 0..15 and 0..30": {"acc_shift": -1},
    "shifts are 16 and 4": {"acc_shift": 16},
    "shifts are 2 and 31": {"shift": 31},
    "shifts are 2 and -1": {"shift": -1},
}


@pytest.mark.parametrize("message", REFUSED)
def test_illegal_layers_are_refused(message: str) -> None:
    with pytest.raises(IllegalTables) as refusal:
        layer_of(parts() | REFUSED[message])
    assert str(refusal.value).startswith(message)


def test_an_accumulator_that_leaves_int16_is_refused() -> None:
    full = {"lut": np.full((8, 4, 3, 3, 4), 127, np.int8)}
    with pytest.raises(
        IllegalTables,
        match="an accumulator can reach 36576 after its shift of 3, expected at most 32767",
    ):
        layer_of(parts(c=8, k=3) | full | {"acc_shift": 3})
    legal = layer_of(parts(c=8, k=3) | full | {"acc_shift": 4})
    assert legal.accumulator_bound.tolist() == [8 * 9 * 127 * 32] * 4


def test_legal_layers_have_their_sizes() -> None:
    layer = Layer(**parts(levels=5, c=3, k=2, d=8))
    assert (layer.channels_in, layer.levels, layer.kernel, layer.channels_out) == (3, 5, 2, 8)
    np.testing.assert_array_equal(layer.curve, ar.expand_knots(layer.knots))


def test_layers_are_frozen_and_keep_no_hold_on_their_arrays() -> None:
    given_parts = parts()
    layer = Layer(**given_parts)
    given_parts["lut"][:] = 77
    assert (layer.lut == 1).all()
    with pytest.raises(FrozenInstanceError):
        layer.shift = 3  # type: ignore[misc]
    for array in (layer.lut, layer.knots, layer.gain, layer.skip, layer.bias, layer.curve):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def block(d: int = 3) -> Layer:
    return Layer(**parts(d=d))


def upsampler(scale: int = 2, c: int = 3) -> Layer:
    return Layer(**parts(c=c, d=scale**2))


MODELS_REFUSED = {
    "scale is 5, expected one of (2, 3, 4)": (5, [block(), upsampler(5)]),
    "scale is 2.0, expected one of (2, 3, 4)": (2.0, [block(), upsampler()]),
    "there are 1 layers, expected a block and an upsampler at least": (2, [Layer(**parts())]),
    "there are 0 layers": (2, []),
    "layer 0: 3 channels in, expected 1": (2, [upsampler(), upsampler()]),
    "layer 1: 4 channels in, expected 3": (2, [block(), upsampler(c=4)]),
    "the last layer has 9 output channels, expected 4 for scale 2": (2, [block(), upsampler(3)]),
    "layer 1 skips from 3 to 5 channels, expected equal numbers": (
        2,
        [block(), layer_of(parts(c=3, d=5) | {"skip": np.ones(5, np.int16)}), upsampler(c=5)],
    ),
    "layer 0: a sum can reach": (
        2,
        [layer_of(parts(d=3) | {"bias": np.full(3, -(2**31) + 1, np.int32)}), upsampler()],
    ),
    "layer 1: a sum can reach": (
        2,
        [block(), replace(upsampler(), bias=np.full(4, 2**31 - 96, np.int32))],
    ),
}


@pytest.mark.parametrize("message", MODELS_REFUSED)
def test_illegal_models_are_refused(message: str) -> None:
    scale, layers = MODELS_REFUSED[message]
    with pytest.raises(IllegalTables) as refusal:
        Tables("illegal", scale, tuple(layers))
    assert str(refusal.value).startswith(message)


def test_the_largest_legal_sum() -> None:
    """A bias that fills int32 to the brim is legal, one more is refused."""
    bound = 3 * 4 * 32 // 4
    layer = replace(upsampler(), bias=np.full(4, 2**31 - 1 - bound, np.int32))
    assert Tables("edge", 2, (block(), layer)).scale == 2
    with pytest.raises(
        IllegalTables,
        match="a sum can reach 2147483648, expected at most 2147483647; use a smaller shift",
    ):
        Tables("edge", 2, (block(), replace(layer, bias=layer.bias + np.int32(1))))


def test_models_have_their_sizes() -> None:
    tables = random_tables(np.random.default_rng(0), scale=4, blocks=8, channels=8)
    assert (tables.blocks, tables.channels, tables.halo, tables.receptive_field_px) == (
        8,
        8,
        (8, 9),
        18,
    )
    entries_and_knots = sum(
        missing_taps.entry_count(layer.lut) + layer.levels for layer in tables.layers
    )
    assert tables.table_bytes == entries_and_knots + (8 * 8 + 16) * (2 + 2 + 4)
    assert Tables("small", 2, (Layer(**parts(k=1, d=3)), Layer(**parts(k=1, c=3)))).halo == (1, 1)


def test_the_hash_is_of_the_pixels_only() -> None:
    tables = random_tables(np.random.default_rng(4), scale=2)
    assert replace(tables, name="other", about={"psnr_db": 31}).sha256 == tables.sha256
    first = tables.layers[0]
    changes = [
        {"lut": -first.lut},
        {"gain": first.gain ^ np.int16(1)},
        {"skip": first.skip ^ np.int16(1)},
        {"bias": first.bias ^ np.int32(1)},
        {"interpolate": not first.interpolate},
    ]
    hashes = {
        replace(tables, layers=(replace(first, **change), *tables.layers[1:])).sha256
        for change in changes
    }
    assert len(hashes | {tables.sha256}) == len(changes) + 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_signal_passes_the_bounds(seed: int) -> None:
    """With random legal layers and signals, the accumulator stays within the bound of the table."""
    rng = np.random.default_rng(seed)
    c, k, d = int(rng.integers(1, 9)), int(rng.integers(1, 4)), int(rng.integers(1, 9))
    layer = random_layer(rng, random_lut(rng, (c, int(rng.integers(2, 20)), k, k, d)), True, 1.0)
    signal = rng.choice([0, 255, *rng.integers(0, 256, 3)], (6, 5, c))
    acc = reference.accumulate(layer, signal)
    assert acc.dtype == np.int32
    assert (np.abs(acc).max(axis=(0, 1)) <= layer.accumulator_bound).all()
    assert np.abs(ar.round_shift(acc, layer.acc_shift)).max() <= ar.ACC16_MAX
