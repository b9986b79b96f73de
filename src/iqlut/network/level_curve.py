"""The curve of a layer: the positions of its levels, and the levels that each signal reads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.network.quantisation import CENTRE


@dataclass(frozen=True, eq=False)
class Curve:
    """The knots of a layer, and level and fraction of each of the 256 signal values.

    knots      uint8 (levels,): the signal value of each level
    code       uint8 (256,): the level at or below a signal value
    fraction   float32 (256,): the fraction of the way from there to the next level, 0 to 1
    steepness  float32 (levels - 1,): the slope of the fraction between two levels, per unit of x
    """

    knots: np.ndarray
    code: np.ndarray
    fraction: np.ndarray
    steepness: np.ndarray
    _copies: dict[
        tuple[torch.device, torch.dtype], tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    ] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(knots: np.ndarray, interpolate: bool) -> Curve:
        """The curve of these knots; without `interpolate` each signal reads the nearest level."""
        code, fraction = ar.expand_knots(knots, interpolate)
        steepness = np.float32(CENTRE) / np.diff(knots.astype(np.float32))
        return Curve(
            knots, np.ascontiguousarray(code), fraction.astype(np.float32) / ar.ONE, steepness
        )

    def on(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Knots (levels,), code (256,) and fraction (256,) as tensors on the device of `x`.

        Knots and fraction have the dtype of `x`, the code is int64. The copies are kept.
        """
        place = (x.device, x.dtype)
        if place not in self._copies:
            knots, fraction = (
                torch.from_numpy(values.astype(np.float32))
                for values in (self.knots, self.fraction)
            )
            code = torch.from_numpy(self.code.astype(np.int64))
            self._copies[place] = (knots.to(*place), code.to(x.device), fraction.to(*place))
        return self._copies[place]

    def lookup(self, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Position and code of each signal value, and the steepness between levels, on a device.

        The position is code plus fraction, float32 (256,), the code int64 (256,) and the steepness
        float32 (levels - 1,). The copies are kept.
        """
        place = (device, torch.uint8)
        if place not in self._copies:
            position = torch.from_numpy(self.code + self.fraction)
            code = torch.from_numpy(self.code.astype(np.int64))
            steepness = torch.from_numpy(self.steepness)
            self._copies[place] = (position.to(device), code.to(device), steepness.to(device))
        return self._copies[place]
