"""Training on a device, which holds planes, patches, gradients, optimiser and moving average.

On a GPU, a step of so small a network consists of hundreds of tiny kernels, and launching them
takes most of the time. The whole step is therefore one CUDA graph. The host draws where the patches
are, writes a few numbers and launches the graph. The steps use the same patches as `host_step`. On
a CPU, where tests use this module, they run without a graph.
"""

from __future__ import annotations

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut.network.configuration import BadConfig, Config, DegradeConfig
from iqlut.network.fused import fused
from iqlut.network.network import Network
from iqlut.planes import resize
from iqlut.training import distributed, step
from iqlut.training.checkpoint import State
from iqlut.training.patches import Planes

_WARM_STEPS = 3  # steps before the capture, in which libraries allocate what they need


def check(device: str) -> None:
    """Raise BadConfig if PyTorch finds no such device."""
    if device != "cpu" and not torch.cuda.is_available():
        raise BadConfig(
            f"--device is {device} and PyTorch {torch.__version__} finds no GPU, expected cpu; "
            "leave --device out"
        )


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


class Steps:
    """The training steps of a state that is on a device; `next` makes one.

    With `captured`, steps on a GPU are launched as one CUDA graph. Raises BadConfig for a
    configuration that trains on a CPU only.
    """

    def __init__(
        self, state: State, config: Config, planes: Planes, teacher: Network | None,
        captured: bool = True,
    ) -> None:  # fmt: skip
        if config.model.knots == "learned":
            raise BadConfig(
                "model.knots is 'learned', which trains on a CPU only, expected 'fixed'; change "
                "it, or leave --device out"
            )
        if config.model.strengths or config.degrade != DegradeConfig():
            raise BadConfig(
                "model.strengths or [degrade] is set, which trains on a CPU only, expected "
                "neither; leave --device out"
            )
        if distributed.rank_and_count()[1] > 1:
            raise BadConfig(
                "there are several processes, which train on a CPU only, expected one process on a "
                "GPU; start one, or leave --device out"
            )
        device = state.network.alpha.device
        self._state, self._config, self._planes, self._teacher = state, config, planes, teacher
        self._device_planes = DevicePlanes(planes, device)
        self._draws = torch.empty(config.train.batch, 4, dtype=torch.int64, device=device)
        self._part = torch.zeros((), device=device)
        for group in state.optimiser.param_groups:  # a captured step reads tensors anew
            group["lr"], group["capturable"] = torch.zeros((), device=device), device.type == "cuda"
        self._graph: torch.cuda.CUDAGraph | None = None
        self._captured, self._warm = captured and device.type == "cuda", 0
        self._loss = torch.zeros((), device=device)

    def next(self) -> torch.Tensor:
        """Make the step after `state.step` and return its loss, on the device."""
        settings, number = self._config.train, self._state.step
        draws = self._planes.draws(
            settings.seed, number, settings.batch, settings.patch, settings.grids
        )
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
        """Compute loss and gradients of the patches in `_draws`, and update the state."""
        luma, truth = self._device_planes.patches(self._draws, self._config.train.patch)
        loss = step.loss_of(self._state.network, luma, truth, self._config.train, self._teacher)
        self._state.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._state.optimiser.step()
        step.average(self._state, self._part)
        self._loss.copy_(loss.detach())

    def _launch(self) -> None:
        """Make a step on a GPU: the first few kernel by kernel, later ones by the graph.

        The first ones run on a stream of their own, as PyTorch requires before a capture. The
        capture itself executes no step.
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
