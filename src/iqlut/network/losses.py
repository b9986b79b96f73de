"""The loss functions.

`error` is the upscaled minus the original image, (n, h, w, phases), in units of x: a grey level is
1/128.
"""

from __future__ import annotations

import torch

from iqlut import arithmetic as ar
from iqlut.network.fused import fused
from iqlut.network.quantisation import CENTRE


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


@fused
def mean_distance(
    residual: torch.Tensor, aim: torch.Tensor, loss: str, margin: int
) -> torch.Tensor:
    """The loss of the name `loss` between residuals (n, h, w, phases), without a border."""
    return LOSSES[loss](inner(residual - aim, margin))


@fused
def expected_residual(truth: torch.Tensor, luma: torch.Tensor, scale: int) -> torch.Tensor:
    """The residual that gives the original image `truth`, uint8 (n, h, w, phases).

    `luma` is uint8 (n, h, w). A `scale` of 0 stands for a network without a bilinear base.
    """
    expected = (truth.float() - CENTRE) / CENTRE
    return expected - bilinear_base(luma, scale) if scale else expected


def bilinear_base(luma: torch.Tensor, scale: int) -> torch.Tensor:
    """The bilinear base of luma uint8 (n, h, w): (n, h, w, scale**2) in units of x."""
    padded = torch.nn.functional.pad(luma.float().unsqueeze(1), (1, 1, 1, 1), mode="replicate")
    planes = padded[:, 0].permute(1, 2, 0)  # `bilinear` takes rows and columns first
    phases = [ar.bilinear(planes, scale, p, q) for p in range(scale) for q in range(scale)]
    return (torch.stack(phases, 3).permute(2, 0, 1, 3) / (2 * scale) ** 2 - CENTRE) / CENTRE
