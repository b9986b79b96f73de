"""From the stored entries of a layer to its whole table: missing taps, and symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from iqlut.tables import symmetry


def places_of(
    shape: tuple[int, ...], few: int, group: symmetry.Symmetry, last: bool, lines: bool = False
) -> dict[str, np.ndarray]:
    """What restores the whole table of a layer from its stored entries.

    `shape` is that of the stored entries, (c, levels, k, k, d), `few` the number of channels that
    have taps off the centre, 0 for all, and `group` the symmetry. With `lines` the stored outputs
    read a row of three pixels, so that half of their flips and rotations read a column. The result
    holds

    mask     float32, 1 for the taps that there are; only if some are missing
    places   int64, of the whole shape: the stored entry that each entry is; only with symmetry
    sources  int64 (*shape, order): the entries of the whole that each stored one is read as
    signs    float32 (c, 1, 1, 1, 1): the factors of the inputs of the whole, of an upsampler only;
             only with the negative
    """
    found = {}
    if lines:
        found["mask"] = _row_mask(shape)
    elif few:
        found["mask"] = _mask(shape, few, group.order, last)
    if group.order > 1:
        found["places"] = places = symmetry.places(shape, group, last).astype(np.int64)
        found["sources"] = np.argsort(places.ravel(), kind="stable").reshape(*shape, group.order)
    if last and group.negative:
        signs = symmetry.signs(shape[0] * group.order, group).astype(np.float32)
        found["signs"] = signs.reshape(-1, 1, 1, 1, 1)
    return found


def _mask(shape: tuple[int, ...], few: int, order: int, last: bool) -> np.ndarray:
    """See `places_of`; it broadcasts to `shape`."""
    c, _, k, _, d = shape
    inputs, outputs = (few // order, d) if last else (few, few // order)
    mask = np.zeros((c, 1, k, k, d), np.float32)
    mask[:, :, k // 2, k // 2] = 1
    mask[:inputs, ..., :outputs] = 1
    return mask


def _row_mask(shape: tuple[int, ...]) -> np.ndarray:
    """See `places_of`; it broadcasts to `shape`."""
    mask = np.zeros((1, 1, shape[2], shape[3], 1), np.float32)
    mask[:, :, shape[2] // 2] = 1
    return mask


class Gather(torch.autograd.Function):
    """`stored.flatten()[places]`, whose gradient is a sum over `sources` and not a scatter."""

    @staticmethod
    def forward(ctx: Any, stored: torch.Tensor, places: torch.Tensor, sources: torch.Tensor):
        ctx.save_for_backward(sources)
        return stored.flatten()[places]

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor):  # type: ignore[override]
        (sources,) = ctx.saved_tensors
        return grad_outputs[0].flatten()[sources].sum(dim=-1), None, None
