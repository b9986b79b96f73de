"""Our own SSIM and bicubic resize beside well-kept libraries: scikit-image and Pillow."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from iqlut.evaluation import psnr_ssim
from iqlut.planes import resize

structural_similarity = pytest.importorskip(
    "skimage.metrics", reason="the cross-check needs scikit-image: pip install 'iqlut[dev]'"
).structural_similarity


def planes(seed: int, height: int = 41, width: int = 57) -> tuple[np.ndarray, np.ndarray]:
    """Return a plane with slopes, edges and noise, and a noisier copy: uint8 (height, width)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    plane = 2.1 * rows + 1.3 * columns + 70 * ((rows // 7 + columns // 9) % 2)
    noise = rng.normal(0, 9, (2, height, width))
    one, other = (plane + noise[0]).clip(0, 255), (plane + noise.sum(axis=0)).clip(0, 255)
    return one.round().astype(np.uint8), other.round().astype(np.uint8)


@pytest.mark.parametrize("seed", range(4))
def test_ssim_is_that_of_scikit_image(seed: int) -> None:
    """Both take the mean over whole 11x11 Gaussian windows in float64.

    scikit-image computes it for reflected borders too and crops them, and its window is truncated
    at 3.5 sigma, which rounds to 5 pixels: the same 11 taps. What remains is the rounding of
    float64. The largest terms are sums of 121 products of up to 255**2 with relative rounding
    errors of 2**-53 each, and the smallest denominator is C1 * C2: 121 * 255**2 * 2**-53 * 2 /
    min(C1, C2) < 3e-10.
    """
    one, other = planes(seed)
    theirs = structural_similarity(
        one,
        other,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
    )
    assert psnr_ssim.ssim(one, other) == pytest.approx(theirs, abs=3e-10)
    assert 0.3 < theirs < 0.99


@pytest.mark.parametrize(("height", "width"), [(82, 114), (164, 228), (20, 28), (13, 19), (41, 90)])
@pytest.mark.parametrize("seed", range(2))
def test_resize_is_the_bicubic_of_pillow(seed: int, height: int, width: int) -> None:
    """Away from the border, where Pillow leaves taps out and we repeat the edge.

    Both use Keys' kernel with a = -0.5, widened when shrinking, and round to 8 bits after each of
    two passes, Pillow the horizontal one first. Signals from 64 to 191 overshoot by at most 1/8 of
    their range in each pass, so nothing is clipped. The result of each differs from the exact value
    by at most 1/2 for the last pass and 1/2 times the sum of the absolute weights, at most 1.25,
    for the first; Pillow's integer weights of 22 bits add less than 0.01. Two results thus differ
    by less than 2 * (0.5 + 0.625) + 0.01, which is 2 in whole numbers. Independent errors average
    out: a rounding error has a variance of 1/12, so four of them keep the mean difference below 0.1
    over some hundred pixels, and no more than one pixel in ten differs by 2.
    """
    plane = 64 + planes(seed)[0] // 2
    ours = resize.resize(plane, height, width).astype(int)
    theirs = np.asarray(
        Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC)
    ).astype(int)
    border = [
        int(np.ceil(3 * max(1, large / small)))
        for small, large in zip(plane.shape, (height, width), strict=True)
    ]
    inside = np.s_[border[0] : height - border[0], border[1] : width - border[1]]
    difference = (ours - theirs)[inside]
    assert difference.size > 50 and np.abs(difference).max() <= 2
    assert abs(difference.mean()) < 0.1 and (np.abs(difference) == 2).mean() <= 0.1
