"""Small choices that decide a sample here and there: which way ties go, what is rounded and what is cut off."""

from __future__ import annotations

import numpy as np
import pytest

from iqlut import arithmetic as ar
from iqlut.planes import sixteen_bits
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


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("log2", [0, 1])
def test_the_cubic_weights_of_videos_are_exact(scale: int, log2: int) -> None:
    """At x2 and x4 samples fall on sixteenths, whose weights 13 bits hold exactly."""
    offset = (scale - 1) / (2 * scale << log2)
    for phase, (first, weights) in enumerate(
        frame_planes._phases(scale, frame_planes._offset(scale, log2))
    ):
        x = np.abs(phase / scale - offset - (first + np.arange(4)))
        exact = np.where(
            x <= 1,
            (1.5 * x - 2.5) * x * x + 1,
            np.where(x < 2, ((-0.5 * x + 2.5) * x - 4) * x + 2, 0),
        )
        np.testing.assert_array_equal(np.array(weights) / 2**13, exact)


def test_sixteen_bits_are_read_in_eight_ways() -> None:
    """A ramp over one level of 8 bits turns in eight places, evenly."""
    seen: list[np.ndarray] = []

    def upscale_plane(plane: np.ndarray) -> np.ndarray:
        seen.append(plane.copy())
        return plane.repeat(2, axis=0).repeat(2, axis=1)

    sixteen_bits.upscale(np.arange(1000, 1257, dtype=np.uint16)[None], upscale_plane, 2)
    ensemble = sorted(int(np.argmax(np.diff(plane[0]))) for plane in seen)
    assert len(seen) == 8
    assert all(31 <= gap <= 33 for gap in np.diff(ensemble))


def test_knots_are_rounded_to_the_nearest_signal() -> None:
    quantisation = pytest.importorskip("iqlut.network.quantisation", exc_type=ImportError)
    knots = quantisation.whole_knots(np.array([0, 63.6, 127.5, 190.4, 255]))
    assert knots.tolist() == [0, 64, 128, 190, 255]
