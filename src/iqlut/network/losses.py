"""The loss functions.

`error` is the upscaled minus the original image, (n, h, w, phases), in units of x: a grey level is
1/128.
"""

from __future__ import annotations

import torch


def mse(error: torch.Tensor) -> torch.Tensor:
    """The mean square error, which the paper uses."""
    return error.square().mean()


def charbonnier(error: torch.Tensor, width: float = 1 / 128) -> torch.Tensor:
    """A smooth mean absolute error, which is quadratic for errors below `width`."""
    return (error.square() + width**2).sqrt().mean() * (2 * width)


def psnr(error: torch.Tensor, floor: float = 1e-4) -> torch.Tensor:
    """The mean over patches of the logarithm of their mean square error.

    This is what the mean PSNR of several images measures. `floor`, which corresponds to 46 dB,
    keeps flat patches from dominating the loss.
    """
    return (error.square().mean(dim=(1, 2, 3)) + floor).log().mean() * 1e-3


def inner(values: torch.Tensor, margin: int) -> torch.Tensor:
    """Patches (n, h, w, ...) without a border of `margin` pixels on each side."""
    _, h, w = values.shape[:3]
    return values[:, margin : h - margin, margin : w - margin]


LOSSES = {"mse": mse, "charbonnier": charbonnier, "psnr": psnr}  # numbered in this order in train.h
