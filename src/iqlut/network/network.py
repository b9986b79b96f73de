"""The trainable network: all of IQ-LUT from luma to the residual, from top to bottom."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import nn

from iqlut import arithmetic as ar
from iqlut.network import hat_convolution
from iqlut.network.configuration import ModelConfig
from iqlut.network.curve import Curve
from iqlut.network.layer_tables import SubNetwork, Table, TableSets
from iqlut.network.losses import LOSSES, inner
from iqlut.network.native_layers import Aim, LayerSettings, MeanLoss, Residual
from iqlut.network.quantisation import CENTRE, entry_step, layer_knots, whole_knots
from iqlut.tables import symmetry
from iqlut.tables.strengths import between

OPEN = 4.0  # alpha of the first block at the start: a skip of 0.02
DETAIL = 3.0  # how much livelier its entries are then: detail is small
BEND = 16  # signals that a learned knot moves for each unit of its parameter: as lively as an entry

# entries, knots, the curve of these, the entry step if it is given
LayerInputs = tuple[torch.Tensor, torch.Tensor, Curve, torch.Tensor | None]


def layer_shapes(config: ModelConfig) -> list[tuple[int, int, int, int, int]]:
    """What is stored of each layer, (c, levels, k, k, d): the blocks, then the upsampler."""
    stored, up = config.channels // config.symmetry, config.upsample_kernel
    levels, sides = config.layer_levels, config.block_kernels
    inputs = (1, *[config.channels] * (config.blocks - 1))
    blocks = [(c, count, k, k, stored) for c, count, k in zip(inputs, levels, sides, strict=False)]
    return [*blocks, (stored, levels[-1], up, up, config.scale**2)]


class Network(nn.Module):
    """luma uint8 (n, h, w) -> residual float (n, h, w, scale**2) in units of x = (signal - 128) /
    128.

    With `rounded` (training and conversion) entries are int8 steps and signals uint8, as in the
    integer tables; without it both are exact, which is the float network. `offset` (scale**2,) is
    added to each phase; it is 0 in training, and found at the end of a run
    (`training/mean_error.py`).

    With `config.strengths` there is a set of entries and an offset (sets, scale**2) for each of
    them, with the same gates and entry steps. `set_strength` chooses the blend of two neighbouring
    sets that all other methods use.
    """

    offset: torch.Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.plain = False  # plain PyTorch on a CPU too, instead of the native library
        start = layer_knots(config)
        for index, knots in enumerate(start):
            self.register_buffer(
                f"start_{index}", torch.from_numpy(knots).float(), persistent=False
            )
        self.bends = nn.ParameterList(
            torch.zeros(len(k) - 2) for k in start if config.knots == "learned"
        )
        self._curves = [
            Curve.of(knots, config.interpolate) for knots in start
        ]  # while no knot is bent
        last, n = config.blocks, config.symmetry
        shapes = layer_shapes(config)
        self.tables = nn.ModuleList(
            self._table(shape, last=index == last) for index, shape in enumerate(shapes)
        )
        for index, shape in enumerate(shapes if n > 1 else ()):
            whole = np.arange(math.prod(shape)).reshape(shape)
            places = torch.from_numpy(symmetry.whole(whole, n, last=index == last))
            self.register_buffer(f"places_{index}", places, persistent=False)
        gates = 1 if config.gate == "block" else config.channels // n
        self.register_buffer(
            "offset",
            torch.zeros(*([len(config.strengths)] * bool(config.strengths)), config.scale**2),
        )
        self._below, self._weight = 0, 0.0
        self._kept_steps: tuple[object, list[torch.Tensor | None]] = (None, [])
        self.alpha = nn.Parameter(
            torch.full((config.blocks, gates), -1.0), requires_grad=config.residual
        )
        if config.residual and config.block_kernels[0] > 1:  # one tap cannot be a filter of detail
            self._begin_with_detail()

    @torch.no_grad()
    def _begin_with_detail(self) -> None:
        """Make the first block filters that sum to 0 and hardly let any luma past.

        Otherwise the signals of half the blocks are mostly luma, and few levels are left for
        detail.
        """
        for weights in self.tables[0].weights():  # type: ignore[operator]
            weights.copy_(DETAIL * (weights - weights.mean(dim=(2, 3), keepdim=True)))
        self.alpha[0] = OPEN

    def _table(self, shape: tuple[int, int, int, int, int], last: bool) -> nn.Module:
        c, _, k, _, _ = shape
        c *= self.config.symmetry if last else 1  # all that are summed
        size = (
            1.0 if not self.config.residual else 0.1 if last else 0.5
        )  # without a residual, a layer must pass on the whole signal
        spread = size / (c * k * k) ** 0.5
        if self.config.parameterisation == "network":
            return SubNetwork(shape, spread, self.config.hidden)
        if self.config.strengths:
            return TableSets(shape, spread, len(self.config.strengths))
        return Table(shape, spread)

    def set_strength(self, strength: float) -> None:
        """Take entries and offset of a restoration strength from 0 to the largest in
        `config.strengths`.
        """
        self._below, self._weight = between(self.config.strengths, strength)

    def phase_offset(self) -> torch.Tensor:
        """(scale**2,): the offset at the strength set."""
        if not self.config.strengths:
            return self.offset
        return torch.lerp(
            self.offset[self._below], self.offset[self._below + (self._weight > 0)], self._weight
        )

    def entries(self) -> list[torch.Tensor]:
        """The table of each layer, (c, levels, k, k, d), not rounded, at the strength set."""
        place = (self._below, self._weight) if self.config.strengths else ()
        return [self._whole(index, table(*place)) for index, table in enumerate(self.tables)]

    def shared_steps(self) -> list[torch.Tensor | None]:
        """The entry step (d,) of each layer that its table sets share; None where that of its one
        table holds.

        Steps of a network that is not trained are kept until a parameter changes. Those of a
        trained network are computed anew, because fused optimisers change parameters without a
        trace.
        """
        if not self.config.strengths:
            return [None] * len(self.tables)
        parameters = list(self.tables.parameters())
        if any(one.requires_grad for one in parameters):
            return self._computed_steps()
        changes = [(one.data_ptr(), one._version) for one in parameters]
        if self._kept_steps[0] != changes:
            self._kept_steps = (changes, self._computed_steps())
        return self._kept_steps[1]

    def _computed_steps(self) -> list[torch.Tensor | None]:
        largest = (table.largest() for table in self.tables)  # type: ignore[operator]
        return [entry_step(self._whole(index, stored)) for index, stored in enumerate(largest)]

    def _whole(self, index: int, stored: torch.Tensor) -> torch.Tensor:
        """The whole table of which symmetry stores only `stored`."""
        if self.config.symmetry == 1:
            return stored
        return stored.flatten()[self.get_buffer(f"places_{index}")]

    def knots(self) -> list[torch.Tensor]:
        """Where the levels of each layer lie, (levels,), as signals from 0 to 255, not rounded."""
        start = [self.get_buffer(f"start_{index}") for index in range(len(self.tables))]
        if not self.bends:
            return start
        inner = (BEND * nn.functional.pad(bend, (1, 1)) for bend in self.bends)  # the ends stay
        return [knots + bend for knots, bend in zip(start, inner, strict=True)]

    def curves(self) -> list[Curve]:
        """The curve of each layer, of the rounded knots."""
        if not self.bends:
            return self._curves
        return [
            Curve.of(whole_knots(knots.detach().cpu().numpy()), self.config.interpolate)
            for knots in self.knots()
        ]

    def gates(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """gain and skip (d,) of each block (IQ-LUT eq. 3)."""
        if not self.config.residual:
            one = torch.ones(self.config.channels, device=self.alpha.device)
            return [(one, torch.zeros_like(one))] * self.config.blocks
        gain = torch.sigmoid(self.alpha)
        if self.config.gate == "channel":
            gain = gain.repeat_interleave(self.config.symmetry, dim=1)
        gain = gain.expand(-1, self.config.channels)
        return [(g.contiguous(), (1 - g).contiguous()) for g in gain]

    def forward(self, luma: torch.Tensor, rounded: bool = True, threads: int = 1) -> torch.Tensor:
        if rounded and self._native(luma):
            return Residual.apply(luma, *self.native_arguments(threads)) + self.phase_offset()  # type: ignore[no-any-return]
        *blocks, last = self._layers()
        x = self._signals(luma, blocks, rounded)[-1]
        return _expand(x, last, rounded).permute(0, 2, 3, 1) + self.phase_offset()

    def signals(self, luma: torch.Tensor) -> list[torch.Tensor]:
        """The signals after each block, (n, c, h, w) in units of x, computed in plain PyTorch."""
        return self._signals(luma, self._layers()[:-1], rounded=True)

    def _layers(self) -> list[LayerInputs]:
        return list(
            zip(self.entries(), self.knots(), self.curves(), self.shared_steps(), strict=True)
        )

    def _signals(
        self, luma: torch.Tensor, blocks: list[LayerInputs], rounded: bool
    ) -> list[torch.Tensor]:
        x, signals = (luma.unsqueeze(1).to(self.alpha.dtype) - CENTRE) / CENTRE, []
        for block, (gain, skip) in zip(blocks, self.gates(), strict=True):
            x = hat_convolution.gate(x, _expand(x, block, rounded), gain, skip, rounded)
            signals.append(x)
        return signals

    def mean_loss(self, luma: torch.Tensor, aim: Aim, threads: int = 1) -> torch.Tensor:
        """The loss of a batch, luma uint8 (n, h, w): of its pixels, and of the distance to the
        output of a teacher.
        """
        if self._native(luma):
            settings, *parameters = self.native_arguments(threads)
            return MeanLoss.apply(luma, settings, aim, *parameters)  # type: ignore[no-any-return]
        expected = (aim.truth.float() - CENTRE) / CENTRE - self.base(luma)
        residual, distance = self(luma), LOSSES[aim.loss]
        mean = distance(inner(residual - expected, aim.margin))
        if aim.taught is None:
            return mean
        return mean + aim.weight * distance(inner(residual - aim.taught, aim.margin))

    def _native(self, luma: torch.Tensor) -> bool:
        return luma.device.type == "cpu" and not self.plain

    def native_arguments(self, threads: int) -> tuple[Any, ...]:
        """The arguments of `Residual` after the luma; `MeanLoss` takes its aim between the first
        two.
        """
        entries, knots = self.entries(), self.knots()
        blocks = zip(entries, knots, self.gates(), strict=False)
        parameters = [
            tensor for lut, knot, gate in blocks for tensor in (lut, knot / CENTRE, *gate)
        ]
        settings = LayerSettings(
            self.curves(),
            self.config.scale,
            self.config.residual,
            threads,
            steps=self.shared_steps(),
        )
        return settings, *parameters, entries[-1], knots[-1] / CENTRE

    def base(self, luma: torch.Tensor) -> torch.Tensor:
        """The image that the residual is added to, (n, h, w, scale**2) in units of x: bilinear, or
        0 without residual.
        """
        r = self.config.scale
        if not self.config.residual:
            return torch.zeros(*luma.shape, r * r, device=luma.device)
        padded = nn.functional.pad(luma.float().unsqueeze(1), (1, 1, 1, 1), mode="replicate")
        planes = padded[:, 0].permute(1, 2, 0)  # `bilinear` takes rows and columns first
        phases = [ar.bilinear(planes, r, p, q) for p in range(r) for q in range(r)]
        return (torch.stack(phases, 3).permute(2, 0, 1, 3) / (2 * r) ** 2 - CENTRE) / CENTRE


def _expand(x: torch.Tensor, layer: LayerInputs, rounded: bool) -> torch.Tensor:
    entries, knots, curve, step = layer
    return hat_convolution.expand(x, entries, knots, curve, rounded, step)
