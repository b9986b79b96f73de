"""The trainable network: IQ-LUT from luma to the residual."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from iqlut.network import hat_convolution
from iqlut.network.configuration import ModelConfig
from iqlut.network.device_layers import DeviceResidual
from iqlut.network.level_curve import Curve
from iqlut.network.losses import bilinear_base, expected_residual, mean_distance
from iqlut.network.native_layers import Aim, LayerSettings, MeanLoss, Residual
from iqlut.network.new_network import begin_by_passing_on, begin_with_detail
from iqlut.network.quantisation import CENTRE, entry_step, layer_knots, whole_knots
from iqlut.network.stored_entries import Gather, places_of
from iqlut.network.trainable_entries import SubNetwork, Table, TableSets
from iqlut.tables.strengths import between

# How far a learned knot moves, in signals, for each unit of its parameter. With this factor a knot
# is trained at a rate comparable to that of an entry.
BEND = 16

IMPLEMENTATIONS = ("native", "device", "plain")

# entries, knots, the curve of the knots, and the entry step or None for that of the entries
LayerInputs = tuple[torch.Tensor, torch.Tensor, Curve, torch.Tensor | None]


def layer_shapes(config: ModelConfig) -> list[tuple[int, int, int, int, int]]:
    """The shape (c, levels, k, k, d) of the stored entries of each block, then of the upsampler."""
    stored, up = config.channels // config.group.order, config.upsample_kernel
    levels, sides = config.layer_levels, config.block_kernels
    inputs = (1, *[config.channels] * (config.blocks - 1))
    blocks = [(c, count, k, k, stored) for c, count, k in zip(inputs, levels, sides, strict=False)]
    return [*blocks, (stored, levels[-1], up, up, config.scale**2)]


class Network(nn.Module):
    """The network: luma uint8 (n, h, w) to the residual, float (n, h, w, scale**2).

    The residual is in units of x = (signal - 128) / 128. With `rounded`, as in training and
    conversion, entries are multiples of a step and signals uint8, as in the integer tables. Without
    it both are exact, which is called the float network. `offset`, (scale**2,), is added to the
    phases; it is 0 in training, and `training/mean_error.py` determines it at the end of a run.

    With `config.strengths` there is a set of entries and an offset for each of them, and `offset`
    is (sets, scale**2). The sets share gates and entry steps. `set_strength` selects the blend of
    two neighbouring sets that all other methods use.
    """

    offset: torch.Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.implementation: str | None = None  # of IMPLEMENTATIONS; None: that of the device
        start = layer_knots(config)
        for index, knots in enumerate(start):
            self.register_buffer(
                f"start_{index}", torch.from_numpy(knots).float(), persistent=False
            )
        self.bends = nn.ParameterList(
            torch.zeros(len(k) - 2) for k in start if config.knots == "learned"
        )
        # the curves of knots that are not learned
        self._curves = [Curve.of(knots, config.interpolate) for knots in start]
        group = config.group
        shapes = layer_shapes(config)
        self.tables = nn.ModuleList(self._table(index, shape) for index, shape in enumerate(shapes))
        taps = zip(config.layer_spatial_channels, config.layer_has_lines, strict=True)
        for index, (shape, (few, lines)) in enumerate(zip(shapes, taps, strict=True)):
            places = places_of(shape, few, group, index == config.blocks, lines)
            for name, values in places.items():
                self.register_buffer(f"{name}_{index}", torch.from_numpy(values), persistent=False)
        gates = 1 if config.gate == "block" else config.channels // group.order
        self.register_buffer(
            "offset",
            torch.zeros(*([len(config.strengths)] * bool(config.strengths)), config.scale**2),
        )
        self._below, self._weight = 0, 0.0
        self._kept_steps: tuple[object, list[torch.Tensor | None]] = (None, [])
        self.alpha = nn.Parameter(
            torch.full((config.blocks, gates), -1.0), requires_grad=config.residual
        )
        if not config.residual:
            begin_by_passing_on(self.tables, shapes, group)
        elif config.block_kernels[0] > 1:  # a filter of one tap cannot sum to 0
            begin_with_detail(self.tables[0], self.alpha)

    def _table(self, index: int, shape: tuple[int, int, int, int, int]) -> nn.Module:
        """The trainable entries of a layer of this shape."""
        (c, _, k, _, _), last = shape, index == self.config.blocks
        c *= self.config.group.order if last else 1  # the number of channels that are summed
        few = self.config.layer_spatial_channels[index]
        taps = c + few * (k * k - 1) if few else c * k * k
        if self.config.layer_has_lines[index]:
            taps = c * k
        size = 0.2 if not self.config.residual else 0.1 if last else 0.5
        spread = size / taps**0.5
        signals = (self.get_buffer(f"start_{index}") - CENTRE) / CENTRE
        if self.config.parameterisation == "network":
            return SubNetwork(shape, spread, signals, self.config.hidden)
        table = Table(shape, spread, signals)
        return TableSets(table, len(self.config.strengths)) if self.config.strengths else table

    def set_strength(self, strength: float) -> None:
        """Select the entries and the offset of a restoration strength.

        The strength ranges from 0 to the largest in `config.strengths`.
        """
        self._below, self._weight = between(self.config.strengths, strength)

    def phase_offset(self) -> torch.Tensor:
        """The offset (scale**2,) at the selected strength, in units of x."""
        if not self.config.strengths:
            return self.offset
        return torch.lerp(
            self.offset[self._below], self.offset[self._below + (self._weight > 0)], self._weight
        )

    def entries(self) -> list[torch.Tensor]:
        """The table of each layer, (c, levels, k, k, d), not rounded, at the selected strength."""
        place = (self._below, self._weight) if self.config.strengths else ()
        return [self._whole(index, table(*place)) for index, table in enumerate(self.tables)]

    def shared_steps(self) -> list[torch.Tensor | None]:
        """The entry step (d,) that the table sets of each layer share; None without strengths.

        The steps of a network that is not being trained are kept until a parameter changes. In
        training they are computed anew, because fused optimisers change parameters without raising
        their version.
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
        """The entry step (d,) of each layer, from the largest entries of its sets."""
        largest = (table.largest() for table in self.tables)  # type: ignore[operator]
        return [entry_step(self._whole(index, stored)) for index, stored in enumerate(largest)]

    def _whole(self, index: int, stored: torch.Tensor) -> torch.Tensor:
        """The whole table, of which `stored` is the part that is stored under symmetry.

        Taps that the shape does not have are 0.
        """
        mask = getattr(self, f"mask_{index}", None)
        stored = stored if mask is None else stored * mask
        if self.config.group.order == 1:
            return stored
        places, sources = (self.get_buffer(f"{name}_{index}") for name in ("places", "sources"))
        whole = Gather.apply(stored, places, sources)
        signs = getattr(self, f"signs_{index}", None)
        return whole if signs is None else whole * signs  # type: ignore[no-any-return]

    def knots(self) -> list[torch.Tensor]:
        """The knots of each layer, (levels,), as signals from 0 to 255, not rounded."""
        start = [self.get_buffer(f"start_{index}") for index in range(len(self.tables))]
        if not self.bends:
            return start
        # padded by 0, because the first and the last knot are fixed
        inner = (BEND * nn.functional.pad(bend, (1, 1)) for bend in self.bends)
        return [knots + bend for knots, bend in zip(start, inner, strict=True)]

    def curves(self) -> list[Curve]:
        """The curve of each layer, made from its rounded knots."""
        if not self.bends:
            return self._curves
        return [
            Curve.of(whole_knots(knots.detach().cpu().numpy()), self.config.interpolate)
            for knots in self.knots()
        ]

    def gates(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """The gain (d,) and the skip (d,) of each block (IQ-LUT eq. 3).

        With the negative, the first block has no skip, because luma is not one of the channels that
        the negative exchanges.
        """
        if not self.config.residual:
            one = torch.ones(self.config.channels, device=self.alpha.device)
            return [(one, torch.zeros_like(one))] * self.config.blocks
        gain = torch.sigmoid(self.alpha)
        if self.config.gate == "channel":
            gain = gain.repeat_interleave(self.config.group.order, dim=1)
        gain = gain.expand(-1, self.config.channels)
        gates = [(g.contiguous(), (1 - g).contiguous()) for g in gain]
        if self.config.negative:
            gates[0] = (gates[0][0], torch.zeros_like(gates[0][1]))
        return gates

    def forward(self, luma: torch.Tensor, rounded: bool = True, threads: int = 1) -> torch.Tensor:
        """The residual of luma uint8 (n, h, w): float (n, h, w, scale**2) in units of x."""
        layers = _FUNCTIONS.get(self._implementation_for(luma)) if rounded else None
        if layers is not None:
            return layers.apply(luma, *self.layer_arguments(threads)) + self.phase_offset()  # type: ignore[no-any-return]
        *blocks, last = self._layers()
        x = self._signals(luma, blocks, rounded)[-1]
        return _expand(x, last, rounded).permute(0, 2, 3, 1) + self.phase_offset()

    def signals(self, luma: torch.Tensor) -> list[torch.Tensor]:
        """The signals after each block, (n, c, h, w) in units of x, computed in plain PyTorch."""
        return self._signals(luma, self._layers()[:-1], rounded=True)

    def _layers(self) -> list[LayerInputs]:
        """What `hat_convolution` needs of each layer."""
        return list(
            zip(self.entries(), self.knots(), self.curves(), self.shared_steps(), strict=True)
        )

    def _signals(
        self, luma: torch.Tensor, blocks: list[LayerInputs], rounded: bool
    ) -> list[torch.Tensor]:
        """The signals after each of these blocks, (n, c, h, w) in units of x."""
        x, signals = (luma.unsqueeze(1).to(self.alpha.dtype) - CENTRE) / CENTRE, []
        for block, (gain, skip) in zip(blocks, self.gates(), strict=True):
            x = hat_convolution.gate(x, _expand(x, block, rounded), gain, skip, rounded)
            signals.append(x)
        return signals

    def mean_loss(self, luma: torch.Tensor, aim: Aim, threads: int = 1) -> torch.Tensor:
        """The mean loss of a batch, luma uint8 (n, h, w), compared with `aim`.

        It is the loss of the pixels, plus the weighted distance to the output of a teacher.
        """
        if self._implementation_for(luma) == "native":
            settings, *parameters = self.layer_arguments(threads)
            return MeanLoss.apply(luma, settings, aim, *parameters)  # type: ignore[no-any-return]
        scale = self.config.scale if self.config.residual else 0
        residual, expected = self(luma), expected_residual(aim.truth, luma, scale)
        mean = mean_distance(residual, expected, aim.loss, aim.margin)
        if aim.taught is None:
            return mean
        return mean + aim.weight * mean_distance(residual, aim.taught, aim.loss, aim.margin)

    def _implementation_for(self, luma: torch.Tensor) -> str:
        """Which of IMPLEMENTATIONS computes the rounded network for this input."""
        return self.implementation or ("device" if luma.is_cuda else "native")

    def layer_arguments(self, threads: int) -> tuple[Any, ...]:
        """The arguments of `Residual.apply` and `DeviceResidual.apply` after the luma.

        They are the LayerSettings and the parameters. `MeanLoss.apply` takes its aim between them.
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
            spatial=self.config.layer_spatial_channels,
        )
        return settings, *parameters, entries[-1], knots[-1] / CENTRE

    def base(self, luma: torch.Tensor) -> torch.Tensor:
        """The image that the residual is added to, (n, h, w, scale**2) in units of x.

        It is the bilinear base, or 0 if `config.residual` is false.
        """
        r = self.config.scale
        if not self.config.residual:
            return torch.zeros(*luma.shape, r * r, device=luma.device)
        return bilinear_base(luma, r)


# The implementations for autograd; the plain one is `hat_convolution`.
_FUNCTIONS: dict[str, type[torch.autograd.Function]] = {
    "native": Residual,
    "device": DeviceResidual,
}


def _expand(x: torch.Tensor, layer: LayerInputs, rounded: bool) -> torch.Tensor:
    """The output F of a layer before its gate, (n, d, h, w)."""
    entries, knots, curve, step = layer
    return hat_convolution.expand(x, entries, knots, curve, rounded, step)
