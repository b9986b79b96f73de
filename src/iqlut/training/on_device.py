"""Training that stays on a device: planes, crops, gradients, optimiser and moving average.

On a GPU a step of this small a network is hundreds of tiny kernels, so that launching them is what
costs. There the whole step is one CUDA graph: the host draws where the patches are, writes a few
numbers and launches it. The steps are those of `host_step` with the same patches; on a CPU they are
made one by one, for tests.
"""

from __future__ import annotations

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.network.configuration import BadConfig, Config, DegradeConfig
from iqlut.network.network import Network
from iqlut.training import distributed, step
from iqlut.training.checkpoint import State
from iqlut.training.patches import Planes

_WARM_STEPS = 3  # before a capture, so that libraries have allocated what they need


def check(device: str) -> None:
    """BadConfig where PyTorch has no such device."""
    if device != "cpu" and not torch.cuda.is_available():
        raise BadConfig(
            f"--device is {device}, and PyTorch {torch.__version__} finds no GPU; expected cpu"
        )


class Crops:
    """The planes on a device; `patches` are those of `Planes.patches`, cut there."""

    def __init__(self, planes: Planes, device: torch.device) -> None:
        self._hr, self._lr = (
            torch.from_numpy(np.array(flat)).to(device) for flat in (planes.hr, planes.lr[0])
        )
        self._scale, self._device = planes.scale, device

    def patches(self, draws: torch.Tensor, patch: int) -> tuple[torch.Tensor, torch.Tensor]:
        """draws int64 (n, 4), of `Planes.draws`, on the device -> LR (n, patch, patch) and HR by
        phases.
        """
        low = self._lr[self._places(draws, patch, 1)]
        high = self._hr[self._places(draws, patch, self._scale)]
        return low, ar.unshuffle(high, self._scale)

    def _places(self, draws: torch.Tensor, patch: int, r: int) -> torch.Tensor:
        """(n, r * patch, r * patch): where the samples of the patches are, turned as by
        `flips_rotations.flip_rotate`.
        """
        start, width, corner, turn = (column.view(-1, 1, 1) for column in draws.unbind(1))
        side = torch.arange(r * patch, device=self._device)
        across = (turn & 4) != 0
        row, column = (
            torch.where(across, side, side.view(-1, 1)),
            torch.where(across, side.view(-1, 1), side),
        )
        row = torch.where((turn & 2) != 0, r * patch - 1 - row, row)
        column = torch.where((turn & 1) != 0, r * patch - 1 - column, column)
        y, x = corner // width, corner % width
        return start * r * r + (r * y + row) * (r * width) + r * x + column


class Steps:
    """`next()` makes the step after `state.step`, which is on a device; `captured`, where it can
    be, by a graph.
    """

    def __init__(
        self, state: State, config: Config, planes: Planes, teacher: Network | None, captured: bool = True
    ) -> None:  # fmt: skip
        if config.model.knots == "learned":
            raise BadConfig("model.knots is learned, which trains on a CPU only; expected fixed")
        if config.model.strengths or config.degrade != DegradeConfig():
            raise BadConfig(
                "model.strengths and [degrade] train on a CPU only; start without --device"
            )
        if distributed.rank_and_count()[1] > 1:
            raise BadConfig("several processes train on CPUs only; on a GPU start one")
        device = state.network.alpha.device
        self._state, self._config, self._planes, self._teacher = state, config, planes, teacher
        self._crops = Crops(planes, device)
        self._draws = torch.empty(config.train.batch, 4, dtype=torch.int64, device=device)
        self._part = torch.zeros((), device=device)
        for group in state.optimiser.param_groups:  # numbers that a captured step reads anew
            group["lr"], group["capturable"] = torch.zeros((), device=device), device.type == "cuda"
        self._graph: torch.cuda.CUDAGraph | None = None
        self._captured, self._warm = captured and device.type == "cuda", 0
        self._loss = torch.zeros((), device=device)

    def next(self) -> torch.Tensor:
        """The loss of the step, on the device."""
        settings, number = self._config.train, self._state.step
        draws = self._planes.draws(settings.seed, number, settings.batch, settings.patch)
        self._draws.copy_(torch.from_numpy(draws), non_blocking=True)
        for group in self._state.optimiser.param_groups:
            group["lr"].fill_(step.learning_rate(settings, number) * group["part"])
        self._part.fill_(1 - step.kept(settings, number))
        if self._captured:
            self._launch()
        else:
            self._step()
        return self._loss.clone()

    def _step(self) -> None:
        luma, truth = self._crops.patches(self._draws, self._config.train.patch)
        loss = step.loss_of(self._state.network, luma, truth, self._config.train, self._teacher)
        self._state.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._state.optimiser.step()
        step.average(self._state, self._part)
        self._loss.copy_(loss.detach())

    def _launch(self) -> None:
        """The first steps one by one, off the stream that captures; then by the graph. Capturing
        makes no step.
        """
        if self._warm < _WARM_STEPS:
            self._warm += 1
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                self._step()
            torch.cuda.current_stream().wait_stream(side)
            return
        if self._graph is None:
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._step()
        self._graph.replay()
