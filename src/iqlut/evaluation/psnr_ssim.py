"""PSNR and SSIM of two planes, computed as in published benchmarks."""

from __future__ import annotations

import numpy as np

from iqlut.errors import InvalidArgument

PEAK = 255.0
_WINDOW_PX = 11
_WINDOW_SIGMA_PX = 1.5
_C1 = (0.01 * PEAK) ** 2
_C2 = (0.03 * PEAK) ** 2


def psnr(one: np.ndarray, other: np.ndarray, shave_px: int = 0) -> float:
    """The peak signal-to-noise ratio in dB of two planes (h, w) with values from 0 to 255.

    `shave_px` pixels on each side are left out. The result is infinite for equal planes. Raises
    InvalidArgument for planes of different sizes, or if no pixels are left.
    """
    one, other = _pair(one, other, shave_px)
    error = float(np.mean((one - other) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(PEAK**2 / error))


def ssim(one: np.ndarray, other: np.ndarray, shave_px: int = 0) -> float:
    """The structural similarity of two planes (h, w) with values from 0 to 255.

    It is the mean over all positions of a Gaussian window of 11x11 pixels that lies completely
    inside, with sigma 1.5, K1 = 0.01 and K2 = 0.03 (Wang et al. 2004, `ssim.m`). `shave_px` pixels
    on each side are left out. Raises InvalidArgument for planes of different sizes, or if less than
    one window is left.
    """
    one, other = _pair(one, other, shave_px)
    if min(one.shape) < _WINDOW_PX:
        h, w = one.shape
        raise InvalidArgument(
            f"the planes are {w}x{h} pixels after shaving, expected at least "
            f"{_WINDOW_PX}x{_WINDOW_PX} for SSIM; use larger images"
        )
    mean_one, mean_other = _blur(one), _blur(other)
    variance_one = _blur(one * one) - mean_one**2
    variance_other = _blur(other * other) - mean_other**2
    covariance = _blur(one * other) - mean_one * mean_other
    similarity = (2 * mean_one * mean_other + _C1) * (2 * covariance + _C2)
    similarity /= (mean_one**2 + mean_other**2 + _C1) * (variance_one + variance_other + _C2)
    return float(similarity.mean())


def _pair(one: np.ndarray, other: np.ndarray, shave_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Convert both planes to float64, without `shave_px` pixels on each side."""
    if one.shape != other.shape or one.ndim != 2:
        raise InvalidArgument(
            f"the planes are {one.shape} and {other.shape}, expected two (h, w) of one size; "
            "crop the larger one"
        )
    h, w = one.shape
    if shave_px < 0 or min(h, w) <= 2 * shave_px:
        raise InvalidArgument(
            f"the planes are {w}x{h} pixels, expected some pixels after shaving {shave_px} on each "
            "side; use larger images or shave less"
        )
    inside = np.s_[shave_px : h - shave_px, shave_px : w - shave_px]
    return one[inside].astype(np.float64), other[inside].astype(np.float64)


def _blur(plane: np.ndarray) -> np.ndarray:
    """The Gaussian mean of each window that lies inside the plane: (h, w) to (h - 10, w - 10)."""
    offset = np.arange(_WINDOW_PX) - _WINDOW_PX // 2
    weights = np.exp(-(offset**2) / (2 * _WINDOW_SIGMA_PX**2))
    weights /= weights.sum()
    h, w = plane.shape[0] - _WINDOW_PX + 1, plane.shape[1] - _WINDOW_PX + 1
    rows = np.zeros((h, plane.shape[1]))
    for k, weight in enumerate(weights):
        rows += weight * plane[k : k + h]
    out = np.zeros((h, w))
    for k, weight in enumerate(weights):
        out += weight * rows[:, k : k + w]
    return out
