"""PSNR and SSIM against closed forms and the definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from iqlut.evaluation.psnr_ssim import psnr, ssim


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.integers(0, 256, (24, 31), dtype=np.uint8), rng.integers(
        0, 256, (24, 31), dtype=np.uint8
    )


def test_psnr_of_a_known_error() -> None:
    plane = np.full((8, 9), 100, np.uint8)
    assert psnr(plane, plane + np.uint8(1)) == pytest.approx(20 * math.log10(255), abs=1e-12)
    assert psnr(plane, plane - np.uint8(10)) == pytest.approx(20 * math.log10(25.5), abs=1e-12)
    assert psnr(np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)) == 0
    assert psnr(plane, plane) == math.inf


def test_psnr_does_not_wrap_around_and_takes_floats(pair: tuple[np.ndarray, np.ndarray]) -> None:
    one, other = pair
    assert psnr(one, other) == psnr(other, one) == psnr(one.astype(float), other.astype(np.float32))
    assert psnr(one, one + 0.5) == pytest.approx(20 * math.log10(510), abs=1e-12)


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_shaving_leaves_the_border_out(pair: tuple[np.ndarray, np.ndarray], measure) -> None:
    one, other = pair
    assert measure(one, other, 4) == measure(one[4:-4, 4:-4], other[4:-4, 4:-4])
    other = one.copy()
    other[:4], other[-4:], other[:, :4], other[:, -4:] = 0, 0, 0, 0
    assert measure(one, other, 4) == measure(one, one)


def test_ssim_of_constants_and_of_itself(pair: tuple[np.ndarray, np.ndarray]) -> None:
    assert ssim(pair[0], pair[0]) == 1
    low, high, c1 = 50.0, 90.0, (0.01 * 255) ** 2
    expected = (2 * low * high + c1) / (low**2 + high**2 + c1)
    assert ssim(np.full((11, 11), 50, np.uint8), np.full((11, 11), 90, np.uint8)) == pytest.approx(
        expected, abs=1e-9
    )


def test_ssim_follows_the_definition(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """Window by window, with the two-dimensional Gaussian."""
    one, other = (plane.astype(float) for plane in pair)
    y, x = np.mgrid[-5:6, -5:6]
    window = np.exp(-(y**2 + x**2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for i in range(24 - 10):
        for j in range(31 - 10):
            a, b = one[i : i + 11, j : j + 11], other[i : i + 11, j : j + 11]
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            variance = (window * (a - mean_a) ** 2).sum() + (window * (b - mean_b) ** 2).sum()
            covariance = (window * (a - mean_a) * (b - mean_b)).sum()
            c1, c2 = 2.55**2, 7.65**2
            structure = (2 * covariance + c2) / (variance + c2)
            values.append((2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1) * structure)
    assert ssim(*pair) == pytest.approx(np.mean(values), abs=1e-12)


def test_errors_are_sentences(pair: tuple[np.ndarray, np.ndarray]) -> None:
    one, other = pair
    for measure in (psnr, ssim):
        with pytest.raises(
            ValueError, match=r"the planes are \(24, 31\) and \(24, 30\), expected two"
        ):
            measure(one, other[:, 1:])
        with pytest.raises(ValueError, match="31x24 pixels, expected some pixels after shaving 12"):
            measure(one, other, 12)
    with pytest.raises(ValueError, match="15x8 pixels after shaving, expected at least 11x11"):
        ssim(one, other, 8)
