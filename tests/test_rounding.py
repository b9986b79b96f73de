"""Small choices that decide a sample here and there: which way ties go, what is rounded and what is
cut off.
"""

from __future__ import annotations

import numpy as np
import pytest

from iqlut import arithmetic as ar
from iqlut.planes import cubic, high_bit_depth
from iqlut.videos import frame_planes


def test_a_signal_halfway_between_two_fractions_takes_the_upper() -> None:
    """32 fractions over 64 signals: every odd signal lies halfway."""
    code, fraction = ar.expand_knots(np.array([0, 64, 255], np.uint8))
    assert code[:64].tolist() == [0] * 64
    assert fraction[:64].tolist() == [(signal + 1) // 2 for signal in range(64)]


def test_without_interpolation_the_upper_of_two_levels_as_near_is_taken() -> None:
    code, fraction = ar.expand_knots(np.array([0, 64, 255], np.uint8), interpolate=False)
    assert (code[31], fraction[31]) == (0, 0)
    assert (code[32], fraction[32]) == (0, ar.ONE)


@pytest.mark.parametrize("value", range(-9, 10))
def test_halves_go_upwards(value: int) -> None:
    assert ar.round_shift(value, 1) == int(np.floor(value / 2 + 0.5))
    assert ar.round_shift(value, 2) == int(np.floor(value / 4 + 0.5))
    assert ar.round_shift(value, 0) == value


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("log2", [0, 1, 2])
def test_cubic_weights_are_the_kernel(scale: int, log2: int) -> None:
    """The weights are exact at multiples of an eighth, and rounded elsewhere.

    The weight of the nearest sample absorbs the rounding errors.
    """
    offset = frame_planes._offset(scale, log2)
    for phase, (first, weights) in enumerate(cubic.phases(scale, offset)):
        place = phase / scale - offset
        x = np.abs(place - (first + np.arange(5)))
        exact = np.where(
            x <= 1,
            (1.5 * x - 2.5) * x * x + 1,
            np.where(x < 2, ((-0.5 * x + 2.5) * x - 4) * x + 2, 0),
        )
        error = np.abs(np.array(weights) / 2**10 - exact)
        assert sum(weights) == 1024 and np.abs(weights).sum() <= 1.25 * 1024
        if (8 * place).is_integer():
            assert error.max() == 0
        assert np.delete(error, 2).max() <= 0.5 / 1024 and error[2] <= 2 / 1024


def test_sixteen_bits_are_read_in_eight_ways() -> None:
    """A ramp over one level of 8 bits turns in eight places, evenly."""
    seen: list[np.ndarray] = []

    def upscale_plane(plane: np.ndarray) -> np.ndarray:
        seen.append(plane.copy())
        return plane.repeat(2, axis=0).repeat(2, axis=1)

    ramp = np.arange(1000, 1257, dtype=np.uint16)[None]
    high_bit_depth.upscale(ramp, upscale_plane, 2, high_bit_depth.PICTURE_16_BITS)
    places = sorted(int(np.argmax(np.diff(plane[0]))) for plane in seen)
    assert len(seen) == 8
    assert all(31 <= gap <= 33 for gap in np.diff(places))


def test_knots_are_rounded_to_the_nearest_signal() -> None:
    quantisation = pytest.importorskip("iqlut.network.quantisation", exc_type=ImportError)
    knots = quantisation.whole_knots(np.array([0, 63.6, 127.5, 190.4, 255]))
    assert knots.tolist() == [0, 64, 128, 190, 255]
