"""What training makes small. `error` is sr - hr (n, h, w, phases) in units of x, one grey level
1/128.
"""

from __future__ import annotations

import torch


def mse(error: torch.Tensor) -> torch.Tensor:
    """The mean square (the paper's)."""
    return error.square().mean()


def charbonnier(error: torch.Tensor, width: float = 1 / 128) -> torch.Tensor:
    """A smooth mean absolute error: quadratic below `width`."""
    return (error.square() + width**2).sqrt().mean() * (2 * width)


def psnr(error: torch.Tensor, floor: float = 1e-4) -> torch.Tensor:
    """The mean over patches of the logarithm of their mean square: what PSNR averages over images.

    `floor` (46 dB) keeps flat patches from ruling.
    """
    return (error.square().mean(dim=(1, 2, 3)) + floor).log().mean() * 1e-3


def inner(values: torch.Tensor, margin: int) -> torch.Tensor:
    """Of patches (n, h, w, ...) what counts: all but `margin` pixels at each side."""
    _, h, w = values.shape[:3]
    return values[:, margin : h - margin, margin : w - margin]


LOSSES = {
    "mse": mse,
    "charbonnier": charbonnier,
    "psnr": psnr,
}  # train.h numbers them in this order
