"""The PyTorch module gives the pixels of `iqlut.upscale`, for whole batches."""

from __future__ import annotations

import numpy as np
import pytest

import iqlut
from iqlut.errors import InvalidArgument
from random_tables import random_tables

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'iqlut[train]'")

from iqlut.engines.torch import UpscaleModule


def images(count: int, channels: int, h: int, w: int) -> np.ndarray:
    return np.random.default_rng(h).integers(0, 256, (count, channels, h, w), np.uint8)


def expected(batch: np.ndarray, tables: iqlut.Tables) -> np.ndarray:
    """Each image by `iqlut.upscale` with the reference engine."""
    interleaved = [one.transpose(1, 2, 0) if len(one) == 3 else one[0] for one in batch]
    large = [iqlut.upscale(one, tables.scale, tables, "reference") for one in interleaved]
    return np.stack([one.transpose(2, 0, 1) if one.ndim == 3 else one[None] for one in large])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("seed", range(12))
def test_batches_of_any_size(seed: int, channels: int) -> None:
    rng = np.random.default_rng(seed)
    scale, blocks, width, *kernels = rng.integers((2, 1, 1, 1, 1), (5, 4, 7, 4, 4)).tolist()
    tables = random_tables(rng, scale, blocks, width, (kernels[0], kernels[1]))
    module = UpscaleModule(tables)
    for h, w in ((1, 1), (1, 5), (6, 1), (4, 7)):
        batch = images(3, channels, h, w)
        got = module(torch.from_numpy(batch))
        assert got.dtype == torch.uint8
        np.testing.assert_array_equal(got.numpy(), expected(batch, tables))


def test_colours_of_shipped_tables_and_floats() -> None:
    tables = iqlut.load("iqlut-5k-x4")
    assert isinstance(tables, iqlut.Tables)
    batch, module = images(2, 3, 9, 8), UpscaleModule(tables)
    result = expected(batch, tables)
    np.testing.assert_array_equal(module(torch.from_numpy(batch)).numpy(), result)
    for kind in (torch.float32, torch.float64):
        floats = torch.from_numpy(batch).to(kind) / 255
        got = module(floats)
        assert got.dtype == kind
        np.testing.assert_array_equal((got * 255).round().numpy(), result)
        torch.testing.assert_close(module(floats + 0.4 / 255), got, rtol=0, atol=0)


def test_it_is_exported_with_free_sizes() -> None:
    """`torch.export` makes one program for all batches and sizes."""
    tables = random_tables(np.random.default_rng(4), 2, 2, 3)
    sizes = {0: torch.export.Dim("n"), 2: torch.export.Dim("h"), 3: torch.export.Dim("w")}
    example = torch.from_numpy(images(2, 3, 8, 9))
    program = torch.export.export(UpscaleModule(tables), (example,), dynamic_shapes=(sizes,))
    other = images(3, 3, 5, 11)
    got = program.module()(torch.from_numpy(other)).numpy()
    np.testing.assert_array_equal(got, expected(other, tables))


def test_what_is_refused() -> None:
    module = UpscaleModule(random_tables(np.random.default_rng(4), 2, 1, 2))
    with pytest.raises(InvalidArgument, match=r"the batch is \(2, 4, 5, 5\), expected \(n, 1,"):
        module(torch.zeros((2, 4, 5, 5), dtype=torch.uint8))
    with pytest.raises(InvalidArgument, match="with at least one pixel"):
        module(torch.zeros((2, 1, 0, 5), dtype=torch.uint8))
    with pytest.raises(InvalidArgument, match=r"torch\.int64, expected torch\.uint8 or a floating"):
        module(torch.zeros((2, 1, 5, 5), dtype=torch.int64))
    with pytest.raises(InvalidArgument, match=r"pass model\.at\(strength\)"):
        UpscaleModule(iqlut.load("everyday-x2"))  # type: ignore[arg-type]
