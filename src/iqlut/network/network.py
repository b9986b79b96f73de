"""The trainable model: the whole of IQ-LUT from luma to the residual, top to bottom."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import torch
from torch import nn

from iqlut import arithmetic as ar
from iqlut.network import hat_convolution
from iqlut.network.configuration import ModelConfig
from iqlut.network.losses import LOSSES, inner
from iqlut.network.native_layers import Aim, Curve, MeanLoss, Residual, Setting
from iqlut.network.quantisation import CENTRE, entry_step, layer_knots, whole_knots
from iqlut.tables import symmetry
from iqlut.tables.strengths import between

OPEN = 4.0  # alpha of the first block at the start: a skip of 0.02
ROUGHNESS = 0.1  # of the straight lines that tables are at the start
DETAIL = 3.0  # how much livelier its entries are then: detail is small
BEND = 16  # signals that a learned knot moves for each unit of its parameter: as lively as an entry

# entries, knots, the curve of these, the entry steps if they are given
Layer = tuple[torch.Tensor, torch.Tensor, Curve, torch.Tensor | None]


class Table(nn.Module):
    """The entries of a layer as parameters: float32 (c, levels, k, k, d) in units of x.

    They start as random straight lines over the levels with a little roughness: entirely random rows
    make a deep stack of them chaotic, and it does not learn.
    """

    def __init__(self, shape: tuple[int, int, int, int, int], spread: float) -> None:
        super().__init__()
        c, levels, k, _, d = shape
        line = torch.linspace(-1, 1, levels).view(1, levels, 1, 1, 1) * torch.randn(c, 1, k, k, d)
        self.entries = nn.Parameter(spread * (line + ROUGHNESS * torch.randn(shape)))

    def forward(self) -> torch.Tensor:
        return self.entries

    def weights(self) -> list[torch.Tensor]:
        """What entries are sums of, in place."""
        return [self.entries]


class TableSets(nn.Module):
    """The entries of a layer for each of several restoration strengths.

    The same tables may stand for all of them at the start; a strength between two sets is their blend.
    """

    def __init__(self, shape: tuple[int, int, int, int, int], spread: float, count: int) -> None:
        super().__init__()
        first = Table(shape, spread)
        self.sets = nn.ModuleList([first, *(copy.deepcopy(first) for _ in range(count - 1))])

    def forward(self, below: int, weight: float) -> torch.Tensor:
        """The entries at `weight` (0 to 1) of the way from the set `below` to the next."""
        entries = self.sets[below].entries
        return torch.lerp(entries, self.sets[below + 1].entries, weight) if weight else entries  # type: ignore[arg-type]

    def largest(self) -> torch.Tensor:
        """The largest magnitude of each entry in any set: what decides the entry step that they share."""
        return torch.stack([part.entries.detach().abs() for part in self.sets]).amax(dim=0)  # type: ignore[operator]

    def weights(self) -> list[torch.Tensor]:
        """What entries are sums of, in place."""
        return [part.entries for part in self.sets]  # type: ignore[misc]


class SubNetwork(nn.Module):
    """The entries as the paper makes them: a three-layer network of one scalar, for each input channel.

    Evaluated at the levels only (that is the conversion to a table). A straight line is added to each, so that they
    start as those of Table do; the first layer's bends are spread over [-1, 1].
    """

    def __init__(self, shape: tuple[int, int, int, int, int], spread: float, hidden: int) -> None:
        super().__init__()
        c, _, k, _, d = shape
        self.shape = shape
        slope = torch.randn(c, 1, hidden) * 2
        self.first = nn.Parameter(slope)
        self.first_bias = nn.Parameter(-slope * torch.empty(c, 1, hidden).uniform_(-1, 1))
        self.second = nn.Parameter(torch.randn(c, hidden, hidden) * (2 / hidden) ** 0.5)
        self.second_bias = nn.Parameter(torch.zeros(c, 1, hidden))
        self.third = nn.Parameter(
            torch.randn(c, hidden, k * k * d) * ROUGHNESS * spread * (1 / hidden) ** 0.5
        )
        self.line = nn.Parameter(torch.randn(c, 1, k * k * d) * spread)
        self.third_bias = nn.Parameter(torch.zeros(c, 1, k * k * d))

    def forward(self) -> torch.Tensor:
        position = torch.linspace(-1, 1, self.shape[1], device=self.first.device).view(1, -1, 1)
        hidden = torch.relu(position @ self.first + self.first_bias)
        hidden = torch.relu(hidden @ self.second + self.second_bias)
        return (hidden @ self.third + position * self.line + self.third_bias).view(self.shape)

    def weights(self) -> list[torch.Tensor]:
        """What entries are sums of, (c, ..., k, k, d), in place."""
        c, _, k, _, d = self.shape
        return [weight.view(c, -1, k, k, d) for weight in (self.third, self.line)]


class Network(nn.Module):
    """luma uint8 (n, h, w) -> residual float (n, h, w, scale**2) in units of x = (signal - 128) / 128.

    With `rounded` (training and conversion) entries are int8 steps and signals uint8, as in the
    integer tables; without, both are exact: the float network. `offset` (scale**2,) is added to each phase; no step of
    training has one, the last act of a run finds it (`train/offset.py`).

    With `config.strengths` there is a set of entries and an offset (sets, scale**2) for each of them; gates and entry
    steps are shared. `set_strength` says which blend of two neighbouring sets all else is about.
    """

    offset: torch.Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.plain = False  # plain torch on a CPU too, instead of the native kernel
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
        c, d, k, up = config.channels, config.scale**2, config.kernel, config.upsample_kernel
        n = config.symmetry
        shapes = [(1, config.first_levels, k, k, c // n)]
        shapes += [(c, config.levels, k, k, c // n)] * (config.blocks - 1)
        shapes += [(c // n, config.upsample_levels, up, up, d)]
        self.tables = nn.ModuleList(
            self._table(shape, last=shape is shapes[-1]) for shape in shapes
        )
        for index, shape in enumerate(shapes if n > 1 else ()):
            places = symmetry.whole(
                np.arange(math.prod(shape)).reshape(shape), n, last=index == config.blocks
            )
            self.register_buffer(f"places_{index}", torch.from_numpy(places), persistent=False)
        gates = 1 if config.gate == "block" else c // n
        self.register_buffer(
            "offset", torch.zeros(len(config.strengths), d) if config.strengths else torch.zeros(d)
        )
        self._below, self._weight = 0, 0.0
        self.alpha = nn.Parameter(
            torch.full((config.blocks, gates), -1.0), requires_grad=config.residual
        )
        if config.residual:
            self._begin_with_detail()

    @torch.no_grad()
    def _begin_with_detail(self) -> None:
        """The first block becomes filters that sum to 0, and lets hardly any luma past them.

        Else the signals of half the blocks are mostly luma, and few levels are left for detail.
        """
        for weights in self.tables[0].weights():  # type: ignore[operator]
            weights.copy_(DETAIL * (weights - weights.mean(dim=(2, 3), keepdim=True)))
        self.alpha[0] = OPEN

    def _table(self, shape: tuple[int, int, int, int, int], last: bool) -> nn.Module:
        c, _, k, _, _ = shape
        c *= self.config.symmetry if last else 1  # all that are summed
        size = (
            1.0 if not self.config.residual else 0.1 if last else 0.5
        )  # alone a layer must hand all of a signal on
        spread = size / (c * k * k) ** 0.5
        if self.config.parameterisation == "network":
            return SubNetwork(shape, spread, self.config.hidden)
        if self.config.strengths:
            return TableSets(shape, spread, len(self.config.strengths))
        return Table(shape, spread)

    def set_strength(self, strength: float) -> None:
        """Make entries and offset those of a restoration strength, 0 to the largest in `config.strengths`."""
        self._below, self._weight = between(self.config.strengths, strength)

    def phase_offset(self) -> torch.Tensor:
        """(scale**2,): the offset at the strength that is set."""
        if not self.config.strengths:
            return self.offset
        return torch.lerp(
            self.offset[self._below], self.offset[self._below + (self._weight > 0)], self._weight
        )

    def entries(self) -> list[torch.Tensor]:
        """The table of each layer, (c, levels, k, k, d), not rounded; at the strength that is set."""
        place = (self._below, self._weight) if self.config.strengths else ()
        return [self._whole(index, table(*place)) for index, table in enumerate(self.tables)]

    def shared_steps(self) -> list[torch.Tensor | None]:
        """The entry step (d,) of each layer that its table sets share; None: of its one table, `entry_step`."""
        if not self.config.strengths:
            return [None] * len(self.tables)
        largest = (table.largest() for table in self.tables)  # type: ignore[operator]
        return [entry_step(self._whole(index, part)) for index, part in enumerate(largest)]

    def _whole(self, index: int, part: torch.Tensor) -> torch.Tensor:
        """The table of which `part` is what symmetry leaves to store."""
        return (
            part
            if self.config.symmetry == 1
            else part.flatten()[self.get_buffer(f"places_{index}")]
        )

    def knots(self) -> list[torch.Tensor]:
        """Where the levels of each layer lie, (levels,), as signals 0..255 not yet rounded."""
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
            return Residual.apply(luma, *self._for_the_kernel(threads)) + self.phase_offset()  # type: ignore[no-any-return]
        *blocks, last = self._layers()
        x = self._signals(luma, blocks, rounded)[-1]
        return _expand(x, last, rounded).permute(0, 2, 3, 1) + self.phase_offset()

    def signals(self, luma: torch.Tensor) -> list[torch.Tensor]:
        """What each block hands on, (n, c, h, w) in units of x; in plain torch."""
        return self._signals(luma, self._layers()[:-1], rounded=True)

    def _layers(self) -> list[Layer]:
        return list(
            zip(self.entries(), self.knots(), self.curves(), self.shared_steps(), strict=True)
        )

    def _signals(
        self, luma: torch.Tensor, blocks: list[Layer], rounded: bool
    ) -> list[torch.Tensor]:
        x, signals = (luma.unsqueeze(1).to(self.alpha.dtype) - CENTRE) / CENTRE, []
        for block, (gain, skip) in zip(blocks, self.gates(), strict=True):
            x = hat_convolution.gate(x, _expand(x, block, rounded), gain, skip, rounded)
            signals.append(x)
        return signals

    def mean_loss(self, luma: torch.Tensor, aim: Aim, threads: int = 1) -> torch.Tensor:
        """The loss of a batch, luma uint8 (n, h, w): of its pixels, and of the distance to what a teacher says."""
        if self._native(luma):
            setting, *parameters = self._for_the_kernel(threads)
            return MeanLoss.apply(luma, setting, aim, *parameters)  # type: ignore[no-any-return]
        wanted = (aim.truth.float() - CENTRE) / CENTRE - self.base(luma)
        residual, distance = self(luma), LOSSES[aim.loss]
        mean = distance(inner(residual - wanted, aim.margin))
        return (
            mean
            if aim.taught is None
            else mean + aim.weight * distance(inner(residual - aim.taught, aim.margin))
        )

    def _native(self, luma: torch.Tensor) -> bool:
        return luma.device.type == "cpu" and not self.plain

    def _for_the_kernel(self, threads: int) -> tuple[Any, ...]:
        """What `Residual` and `MeanLoss` take after the luma (the latter with its aim between)."""
        entries, knots = self.entries(), self.knots()
        blocks = zip(entries, knots, self.gates(), strict=False)
        parameters = [
            tensor for lut, knot, gate in blocks for tensor in (lut, knot / CENTRE, *gate)
        ]
        setting = Setting(
            self.curves(),
            self.config.scale,
            self.config.residual,
            threads,
            steps=self.shared_steps(),
        )
        return setting, *parameters, entries[-1], knots[-1] / CENTRE

    def base(self, luma: torch.Tensor) -> torch.Tensor:
        """What the residual is added to, (n, h, w, scale**2) in units of x: bilinear, or 0 without residual."""
        r = self.config.scale
        if not self.config.residual:
            return torch.zeros(*luma.shape, r * r, device=luma.device)
        padded = nn.functional.pad(luma.float().unsqueeze(1), (1, 1, 1, 1), mode="replicate")
        planes = padded[:, 0].permute(1, 2, 0)  # rows and columns first, as `bilinear` wants them
        phases = [ar.bilinear(planes, r, p, q) for p in range(r) for q in range(r)]
        return (torch.stack(phases, 3).permute(2, 0, 1, 3) / (2 * r) ** 2 - CENTRE) / CENTRE


def _expand(x: torch.Tensor, layer: Layer, rounded: bool) -> torch.Tensor:
    entries, knots, curve, step = layer
    return hat_convolution.expand(x, entries, knots, curve, rounded, step)
