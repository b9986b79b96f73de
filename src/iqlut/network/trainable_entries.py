"""The trainable entries of a layer: a table, table sets for several strengths, or networks."""

from __future__ import annotations

import copy

import torch
from torch import nn

ROUGHNESS = 0.1  # relative amplitude of the noise that is added to the initial straight lines


class Table(nn.Module):
    """The entries of a layer as parameters: float32 (c, levels, k, k, d) in units of x.

    They start as random straight lines over the levels with a little noise. With entirely random
    rows, the output of many layers is chaotic and the network does not learn. `signals` are those
    that the levels stand for, (levels,).
    """

    signals: torch.Tensor

    def __init__(
        self, shape: tuple[int, int, int, int, int], spread: float, signals: torch.Tensor
    ) -> None:
        super().__init__()
        c, levels, k, _, d = shape
        self.register_buffer("signals", signals.view(1, levels, 1, 1, 1), persistent=False)
        line = torch.linspace(-1, 1, levels).view(1, levels, 1, 1, 1) * torch.randn(c, 1, k, k, d)
        self.entries = nn.Parameter(spread * (line + ROUGHNESS * torch.randn(shape)))

    def forward(self) -> torch.Tensor:
        return self.entries

    def weights(self) -> list[torch.Tensor]:
        """The parameters that the entries are sums of; writing to them changes the entries."""
        return [self.entries]

    def add_filter(self, taps: torch.Tensor) -> None:
        """Add a linear filter, (c, k, k, d), to the entries."""
        self.entries += self.signals * taps.unsqueeze(1)


class TableSets(nn.Module):
    """The entries of a layer for each of several restoration strengths.

    All sets are equal at the start. The entries at a strength between two sets are their blend.
    """

    def __init__(self, first: Table, count: int) -> None:
        super().__init__()
        self.sets = nn.ModuleList([first, *(copy.deepcopy(first) for _ in range(count - 1))])

    def forward(self, below: int, weight: float) -> torch.Tensor:
        """The entries at `weight` (0 to 1) of the way from the set `below` to the next."""
        entries = self.sets[below].entries
        return torch.lerp(entries, self.sets[below + 1].entries, weight) if weight else entries  # type: ignore[arg-type]

    def largest(self) -> torch.Tensor:
        """The largest magnitude of each entry over all sets, (c, levels, k, k, d).

        It decides the entry step that the sets share.
        """
        return torch.stack([one.entries.detach().abs() for one in self.sets]).amax(dim=0)  # type: ignore[operator]

    def weights(self) -> list[torch.Tensor]:
        """The parameters that the entries are sums of; writing to them changes the entries."""
        return [one.entries for one in self.sets]  # type: ignore[misc]

    def add_filter(self, taps: torch.Tensor) -> None:
        """Add a linear filter, (c, k, k, d), to the entries of each set."""
        for one in self.sets:
            one.add_filter(taps)  # type: ignore[operator]


class SubNetwork(nn.Module):
    """The entries as in the paper: outputs of a three-layer network for each input channel.

    Each network has one scalar as its input and is evaluated only at `signals`, those that the
    levels stand for, which is the conversion to a table. A straight line is added to its outputs,
    so that the entries start like those of `Table`. The kinks of the units of the first layer are
    spread over [-1, 1].
    """

    signals: torch.Tensor

    def __init__(
        self,
        shape: tuple[int, int, int, int, int],
        spread: float,
        signals: torch.Tensor,
        hidden: int,
    ) -> None:
        super().__init__()
        c, _, k, _, d = shape
        self.shape = shape
        self.register_buffer("signals", signals.view(1, -1, 1), persistent=False)
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
        hidden = torch.relu(self.signals @ self.first + self.first_bias)
        hidden = torch.relu(hidden @ self.second + self.second_bias)
        return (hidden @ self.third + self.signals * self.line + self.third_bias).view(self.shape)

    def weights(self) -> list[torch.Tensor]:
        """The parameters that the entries are sums of, (c, ..., k, k, d).

        Writing to them changes the entries.
        """
        c, _, k, _, d = self.shape
        return [weight.view(c, -1, k, k, d) for weight in (self.third, self.line)]

    def add_filter(self, taps: torch.Tensor) -> None:
        """Add a linear filter, (c, k, k, d), to the entries."""
        self.line += taps.unsqueeze(1).flatten(2)
