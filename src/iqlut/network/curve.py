"""Where the levels of a layer lie, and which of them each uint8 signal reads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.network.quantisation import CENTRE


@dataclass(frozen=True, eq=False)
class Curve:
    """The knots of a layer, uint8 (levels,), and what they say of each of the 256 signals.

    `code` uint8 (256,) is the level below a signal, `fraction` float32 (256,) how far the signal is
    from there to the next level, `steepness` float32 (levels - 1,) how fast that fraction rises,
    per unit of x.
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
        """The curve of these knots; without `interpolate` each signal takes the nearest level."""
        code, fraction = ar.expand_knots(knots, interpolate)
        steepness = np.float32(CENTRE) / np.diff(knots.astype(np.float32))
        return Curve(
            knots, np.ascontiguousarray(code), fraction.astype(np.float32) / ar.ONE, steepness
        )

    def on(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """knots (levels,), code int64 (256,) and fraction (256,) on the device of `x` and in its
        dtype; copied once.
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
