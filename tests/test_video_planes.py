"""Planes of every depth and subsampling grow as stated, and stay where they lie on each other."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from iqlut.engines.native import instruction_sets
from iqlut.native import REFERENCE
from iqlut.planes import cubic, native_cubic, resize
from iqlut.videos.frame_planes import Layout, upscale_luma, upscale_planes
from iqlut.videos.prefetch import ahead


def doubled(luma: np.ndarray) -> np.ndarray:
    """Stands for an engine: something that is no sum of what it reads."""
    return np.maximum(luma, luma[::-1]).repeat(2, axis=0).repeat(2, axis=1)


@pytest.mark.parametrize("depth", [9, 10, 12])
def test_eight_bits_shifted_stay_eight_bits_shifted(depth):
    luma = np.random.default_rng(1).integers(0, 256, (9, 7)).astype(np.uint8)
    deep = luma.astype(np.uint16) << (depth - 8)
    result = upscale_luma(deep, depth, 2, doubled)
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result, doubled(luma).astype(np.uint16) << (depth - 8))


def test_ten_bits_are_kept_by_tables_that_change_nothing():
    """Four passes sum to the exact luma. Above 1020, where codes end, the rests are added."""
    luma = np.arange(1024, dtype=np.uint16).repeat(4).reshape(64, 64).repeat(4, axis=0)
    flat = np.arange(1024, dtype=np.uint16)
    for value in [*flat[::31].tolist(), 1021, 1022, 1023]:
        plane = np.full((3, 3), value, np.uint16)
        larger = upscale_luma(plane, 10, 2, lambda p: p.repeat(2, axis=0).repeat(2, axis=1))
        assert (larger == value).all()
    seen = []
    upscale_luma(luma, 10, 2, lambda p: seen.append(1) or p.repeat(2, axis=0).repeat(2, axis=1))
    assert len(seen) == 4


@pytest.mark.parametrize("chroma", [None, (1, 1), (1, 0), (0, 0), (2, 0), (0, 1)])
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("depth", [8, 10, 12])
def test_shapes_and_flat_planes(chroma, scale, depth):
    """Odd sizes too; a plane of one value keeps it."""
    layout = Layout(13, 7, depth, chroma)
    value = (1 << depth) - 1
    small = [np.full(shape, value, layout.dtype) for shape in layout.shapes()]
    large = upscale_planes(
        small, layout, scale, lambda luma: luma.repeat(scale, axis=0).repeat(scale, axis=1)
    )
    assert [plane.shape for plane in large] == list(layout.larger(scale).shapes())
    for plane in large[1:]:
        assert plane.dtype == layout.dtype and (plane == value).all()


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("sited", [True, False])
def test_chroma_stays_where_it_lies_on_luma(scale, sited):
    """A ramp in chroma stays the same ramp when upscaled, at any position of the chroma samples."""
    layout = Layout(48, 4, 12, (1, 1), (sited, False))

    def places(width: int, step: float) -> np.ndarray:
        """Where samples lie, in small luma pixels from the left edge of the picture."""
        return (2 * np.arange(width // 2) + (0.5 if sited else 1.0)) * step

    ramp = np.round(16 * places(48, 1.0) + 200).astype(np.uint16)
    small = [np.zeros((4, 48), np.uint16), np.tile(ramp, (2, 1)), np.tile(ramp, (2, 1))]
    large = upscale_planes(
        small, layout, scale, lambda luma: np.zeros((scale * 4, scale * 48), np.uint8)
    )
    inner = slice(3 * scale, -3 * scale)
    wanted = 16 * places(48 * scale, 1 / scale) + 200
    assert np.abs(large[1][0] - wanted)[inner].max() <= 0.75


@pytest.mark.parametrize("isa", (*instruction_sets(), REFERENCE))
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("depth", [8, 10, 12])
def test_the_library_upscales_as_the_definition(depth: int, scale: int, isa: str):
    """At every offset of chroma, every small size and sizes of several chunks, from views too."""
    rng = np.random.default_rng(depth * scale)
    kind, most = Layout(1, 1, depth, None).dtype, (1 << depth) - 1
    offsets = [(scale - 1) / (2 * scale << log2) for log2 in (0, 1, 2)]
    sizes = [*((h, w) for h in (1, 2, 5) for w in (1, 3, 4, 33)), (3, 255), (2, 257), (3, 700)]
    for number, size in enumerate(sizes):
        values = [0, most] if number % 2 else np.arange(most + 1)
        plane = rng.choice(values, (2 * size[0], size[1] + 3)).astype(kind)[::2, 3:]
        for place in itertools.product(offsets, offsets):
            found = native_cubic.upscale(plane, scale, place, most, isa)
            expected = cubic.upscale(plane, scale, place, most)
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)


def test_cubic_is_that_of_pictures():
    """For centred samples without overshoot it equals MATLAB's filter, which rounds once more."""
    y, x = np.mgrid[:20, :30]
    plane = (100 + 60 * np.sin(x / 4) * np.cos(y / 5)).astype(np.uint8)
    layout = Layout(30, 20, 8, (0, 0), (False, False))
    large = upscale_planes(
        [plane] * 3, layout, 4, lambda luma: luma.repeat(4, axis=0).repeat(4, axis=1)
    )[1]
    assert np.abs(large.astype(int) - resize.resize(plane, 80, 120)).max() <= 1


# work ahead


def test_ahead_gives_all_in_order_and_no_more_than_asked():
    made: list[int] = []

    def numbers():
        for number in range(50):
            made.append(number)
            yield number

    items = ahead(numbers(), 3)
    assert next(items) == 0 and len(made) <= 6
    assert list(items) == list(range(1, 50))


def test_ahead_passes_errors_on_and_closes_its_maker():
    closed = threading.Event()

    def failing():
        yield 1
        raise ValueError("deep inside")

    def endless():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    with pytest.raises(ValueError, match="deep inside"):
        list(ahead(failing(), 2))
    threads = threading.active_count()
    items = ahead(endless(), 2)
    next(items)
    items.close()
    assert closed.is_set() and threading.active_count() <= threads
