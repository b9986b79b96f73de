"""The ONNX graph gives the pixels of the reference under onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest

import iqlut
from iqlut.engines import reference
from iqlut.tables.integer_tables import Tables
from iqlut.tables.layer import CHANNELS_MAX
from random_tables import random_tables

onnx = pytest.importorskip("onnx", reason="needs onnx: pip install 'iqlut[onnx]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")

from iqlut.targets import onnx as target


def session(tables: Tables) -> onnxruntime.InferenceSession:
    """The exported graph, ready to run."""
    (data,) = target.emit(tables).values()
    return onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])


def assert_equal(tables: Tables, *planes: np.ndarray) -> None:
    """Every plane, of any size, becomes what the reference makes of it."""
    run, upscale = session(tables), reference.build(tables)
    for plane in planes:
        (got,) = run.run(None, {"luma": plane[None, None]})
        assert got.dtype == np.uint8
        np.testing.assert_array_equal(got[0, 0], upscale(plane))


@pytest.mark.parametrize("name", iqlut.models())
def test_every_shipped_model(name: str) -> None:
    model = iqlut.load(name)
    tables = model if isinstance(model, Tables) else model.at(model.strengths[-1])
    rng = np.random.default_rng(1)
    assert_equal(tables, rng.integers(0, 256, (7, 9), np.uint8), np.full((2, 3), 255, np.uint8))


@pytest.mark.parametrize("seed", range(40))
def test_random_legal_tables(seed: int) -> None:
    """One graph takes planes of all sizes."""
    rng = np.random.default_rng(seed)
    scale, blocks, channels = rng.integers((2, 1, 1), (5, 4, 7)).tolist()
    kernels = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    tables = random_tables(rng, scale, blocks, channels, kernels, interpolate=seed % 4 > 0)
    sizes = [(1, 1), (1, 6), (5, 1), (4, 7)]
    assert_equal(tables, *(rng.integers(0, 256, size, np.uint8) for size in sizes))


def test_a_batch_is_its_planes_one_by_one() -> None:
    tables = random_tables(np.random.default_rng(7), 3, 2, 4)
    batch = np.random.default_rng(8).integers(0, 256, (3, 1, 5, 6), np.uint8)
    (got,) = session(tables).run(None, {"luma": batch})
    expected = [reference.build(tables)(plane) for plane in batch[:, 0]]
    np.testing.assert_array_equal(got[:, 0], expected)


def test_accumulators_stay_below_the_offset() -> None:
    """The largest that legal tables can have: 9 taps, all entries 127."""
    assert CHANNELS_MAX * 9 * 32 * 127 < target._OFFSET
    assert target._OFFSET % (1 << 15) == 0  # acc_shift is at most 15
    assert 2 * target._OFFSET + (1 << 15) < 1 << 24  # float32 holds all integers up to here
