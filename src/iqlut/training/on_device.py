"""Training on a device, which holds planes, patches, gradients, optimiser and moving average.

On a GPU, a step of so small a network consists of hundreds of tiny kernels, and launching them
takes most of the time. The whole step is therefore one CUDA graph. The host draws where the patches
are, writes a few numbers and launches the graph. The steps use the same patches as `host_step`. On
a CPU, where tests use this module, they run without a graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from iqlut.network.configuration import BadConfig, Config, DegradeConfig
from iqlut.network.network import Network
from iqlut.training import distributed, step
from iqlut.training.checkpoint import State, TrainingStopped
from iqlut.training.device_planes import DevicePlanes
from iqlut.training.patches import Planes

_WARM_STEPS = 3  # steps before the capture, in which libraries allocate what they need


def check(device: str) -> None:
    """Raise BadConfig if PyTorch finds no such device."""
    if device != "cpu" and not torch.cuda.is_available():
        raise BadConfig(
            f"--device is {device} and PyTorch {torch.__version__} finds no GPU, expected cpu; "
            "leave --device out"
        )


@contextmanager
def _enough_memory(config: Config, planes: Planes, device: torch.device) -> Iterator[None]:
    """Turn the error of a GPU without enough memory into TrainingStopped, of one sentence."""
    try:
        yield
    except torch.OutOfMemoryError:
        settings, has_bytes = config.train, torch.cuda.mem_get_info(device)[1]
        fits = int((has_bytes - planes.hr.nbytes) / patch_bytes(config))
        raise TrainingStopped(
            f"the GPU has {has_bytes / 2**30:.1f} GiB, of which the training images take "
            f"{planes.hr.nbytes / 2**30:.1f} and a step about "
            f"{settings.batch * patch_bytes(config) / 2**30:.1f}, expected a batch of "
            f"{max(0, fits)} patches or less; lower train.batch, or use fewer images"
        ) from None


def patch_bytes(config: Config) -> int:
    """About how many bytes of a GPU the training of one patch takes.

    The hats of all layers are kept for the backward pass, in 2 bytes, with sums and signals. The
    gradients of the largest layer are added.
    """
    pixels, model = (config.train.patch + 2) ** 2, config.model
    channels = (1, *[model.channels] * model.blocks)
    hats = [c * levels for c, levels in zip(channels, model.layer_levels, strict=True)]
    kept = sum(2 * one + 3 * model.channels for one in hats)
    return pixels * (kept + 4 * max(hats) + 32 * model.scale**2)


class Steps:
    """The training steps of a state that is on a device; `next` makes one.

    With `captured`, steps on a GPU are launched as one CUDA graph. Raises BadConfig for a
    configuration that trains on a CPU only, and TrainingStopped if the GPU lacks memory.
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
        with _enough_memory(config, planes, device):
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
        with _enough_memory(self._config, self._planes, self._loss.device):
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
