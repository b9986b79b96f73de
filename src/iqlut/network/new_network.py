"""What a new network begins with, beside random entries."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from iqlut import arithmetic as ar
from iqlut.tables import symmetry

OPEN = 4.0  # initial alpha of the first block, which gives a skip of 0.02
DETAIL = 3.0  # initial factor of the entries of the first block, because detail is small


@torch.no_grad()
def begin_with_detail(first: nn.Module, alpha: torch.Tensor) -> None:
    """Make the filters of the first block sum to 0, and make its skip small.

    Otherwise the signals of half of the blocks are mostly luma, so that few levels remain for
    detail.
    """
    for weights in first.weights():  # type: ignore[operator]
        weights.copy_(DETAIL * (weights - weights.mean(dim=(2, 3), keepdim=True)))
    alpha[0] = OPEN


@torch.no_grad()
def begin_by_passing_on(
    tables: Iterable[nn.Module],
    shapes: list[tuple[int, int, int, int, int]],
    group: symmetry.Symmetry,
) -> None:
    """Make a network without residual upscale its input, about by nearest-neighbour interpolation.

    To the random entries of `tables`, whose stored shapes and symmetry are given, is added
    what passes each channel of a block on to the same channel, and the mean of the channels to all
    phases of the output. Without a residual, random entries alone make eight layers chaotic, and
    they hardly learn.
    """
    for index, (table, (c, _, k, _, d)) in enumerate(zip(tables, shapes, strict=True)):
        last, centre = index == len(shapes) - 1, ar.footprint(k)[0]
        ins, outs = (c * group.order, d) if last else (c, d * group.order)
        taps = torch.zeros(ins, k, k, outs)
        taps[:, centre, centre] = 1 / ins if last or index == 0 else torch.eye(outs)
        table.add_filter(symmetry.stored(taps.unsqueeze(1), group, last=last)[:, 0])  # type: ignore[operator]
