"""The planes of a training set on a GPU, where patches are cut from them and downscaled."""

from __future__ import annotations

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.network.fused import fused
from iqlut.planes import resize
from iqlut.training.patches import Planes

Taps = tuple[tuple[int, float], ...]  # row and weight of each tap of a filter


class DevicePlanes:
    """The high-resolution planes of a training set on a device.

    Patches are cut from them at any offset and downscaled there.
    """

    def __init__(self, planes: Planes, device: torch.device) -> None:
        self._scale = planes.scale
        self._samples = torch.from_numpy(np.array(planes.hr)).to(device)
        sizes = torch.from_numpy(planes.sizes).long() * planes.scale
        ends = sizes.prod(dim=1).cumsum(0)
        self._places = torch.column_stack([ends - sizes.prod(dim=1), sizes]).to(device)
        taps, weights = resize.downscaling_taps(planes.scale)
        self._taps = tuple(zip(taps.tolist(), weights.tolist(), strict=True))

    def patches(self, draws: torch.Tensor, patch: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Cut the patches of these draws and downscale them.

        `draws`, int64 (n, 4), is the result of `Planes.draws` on the device. Returns the
        low-resolution patches, uint8 (n, patch, patch), and the high-resolution ones by phases,
        uint8 (n, patch, patch, scale**2). Their pixels are those of `Planes.patches`, because the
        surroundings of a patch are read too.
        """
        return _cut(draws, self._samples, self._places, self._taps, (patch, self._scale))


@fused
def _cut(
    draws: torch.Tensor, samples: torch.Tensor, places: torch.Tensor, taps: Taps,
    size: tuple[int, int],
) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    """See `DevicePlanes.patches`. `places` is (planes, 3): start, height and width in `samples`.

    `size` is the side of a patch and the scale.
    """
    patch, r = size
    index, top, left, orientation = (column.view(-1, 1, 1) for column in draws.unbind(1))
    start, height, width = (column[index] for column in places.unbind(1))
    before = -taps[0][0]
    side = before + r * (patch - 1) + taps[-1][0] + 1
    offset = torch.arange(side, device=draws.device) - before
    row = (top + offset.view(-1, 1)).clamp_min(0).minimum(height - 1)
    column = (left + offset).clamp_min(0).minimum(width - 1)
    block = samples[start + row * width + column]
    rows = _downscaled(block.float(), taps, size)
    low = _downscaled(rows.transpose(1, 2), taps, size)
    high = block[:, before : before + r * patch, before : before + r * patch]
    low = _flip_rotate(low.transpose(1, 2).to(torch.uint8), orientation)
    return low, ar.unshuffle(_flip_rotate(high, orientation), r)


def _downscaled(block: torch.Tensor, taps: Taps, size: tuple[int, int]) -> torch.Tensor:
    """Downscale the rows of (n, h, w) and round, as `resize.resize` does in one direction."""
    patch, r = size
    total = torch.zeros((), device=block.device)
    for row, weight in taps:
        first = row - taps[0][0]
        total = total + weight * block[:, first : first + r * (patch - 1) + 1 : r]
    return (total + 0.5).floor().clamp(0, ar.SIGNAL_MAX)


def _flip_rotate(images: torch.Tensor, orientation: torch.Tensor) -> torch.Tensor:
    """Flip and rotate each of the images (n, side, side) as `flips_rotations.flip_rotate` does.

    `orientation`, int64 (n, 1, 1), holds the number for each image.
    """
    side = images.shape[1]
    place = torch.arange(side, device=images.device)
    transposed = (orientation & 4) != 0
    row = torch.where(transposed, place, place.view(-1, 1))
    column = torch.where(transposed, place.view(-1, 1), place)
    row = torch.where((orientation & 2) != 0, side - 1 - row, row)
    column = torch.where((orientation & 1) != 0, side - 1 - column, column)
    return images.flatten(1).gather(1, (row * side + column).flatten(1)).view(images.shape)
