"""One training step: the loss of a batch, its gradients, the optimiser and the moving average."""

from __future__ import annotations

import math

import numpy as np
import torch

from iqlut.network.configuration import Config, TrainConfig
from iqlut.network.losses import inner, mse
from iqlut.network.native_layers import Aim
from iqlut.network.network import Network
from iqlut.tables.strengths import quantised
from iqlut.training import distributed
from iqlut.training.checkpoint import State
from iqlut.training.patches import Planes

# The native library has its own threads, and the rest of a step is too small for several threads of
# torch: on two cores, a step of 8 patches of 32x32 takes 12 ms with one of them and 15 ms with two.
TORCH_THREADS = 1
_CLEAN_STEPS = 0.3  # share of the steps that train undamaged patches
_STRENGTH = 3  # part of a seed, which separates the random numbers of strengths from others


def host_step(
    state: State, config: Config, planes: Planes, teacher: Network | None, threads: int
) -> torch.Tensor:  # fmt: skip
    """Make the step after `state.step` on the CPU by the native library, and return its loss."""
    settings = config.train
    strength = strength_of(config, state.step)
    patches = planes.patches(
        settings.seed,
        state.step,
        settings.batch,
        settings.patch,
        distributed.rank_and_count(),
        strength,
    )
    if config.model.strengths:
        state.network.set_strength(strength)
    luma, truth = (torch.from_numpy(values) for values in patches)
    loss = loss_of(state.network, luma, truth, settings, teacher, threads)
    loss.backward()
    mean = loss.detach().clone()
    distributed.average([*(parameter.grad for parameter in state.network.parameters()), mean])
    for group in state.optimiser.param_groups:
        group["lr"] = learning_rate(settings, state.step) * group["part"]
    state.optimiser.step()
    state.optimiser.zero_grad(set_to_none=True)
    average(state, 1 - kept(settings, state.step))
    return mean


def strength_of(config: Config, step: int) -> float:
    """The restoration strength that a step trains.

    It is that of a table set, or a multiple of a sixteenth of the way between two sets. In the
    share `_CLEAN_STEPS` of the steps it is 0, because clean images would lose most from training on
    damage.
    """
    strengths = config.model.strengths
    if not strengths:
        return config.degrade.strength
    clean, where = np.random.default_rng((config.train.seed, step, _STRENGTH)).random(2)
    return 0.0 if clean < _CLEAN_STEPS else quantised(strengths, float(where) * strengths[-1])


def loss_of(
    network: Network, luma: torch.Tensor, truth: torch.Tensor, settings: TrainConfig,
    teacher: Network | None = None, threads: int = 1,
) -> torch.Tensor:  # fmt: skip
    """The loss of a batch: of its pixels, and of the distances to a teacher (IQ-LUT, stage 2).

    `luma` is uint8 (n, h, w) and `truth` uint8 (n, h, w, scale**2). The distances are those to the
    output of the teacher and, if `settings.features` is set, to its features.
    """
    taught = None
    if teacher is not None:
        with torch.no_grad():
            taught = teacher(luma, threads=threads)
    aim = Aim(settings.loss, truth, taught, settings.distillation, settings.margin)
    loss = network.mean_loss(luma, aim, threads)
    if teacher is None or not settings.features:
        return loss
    return loss + settings.features * feature_distance(network, teacher, luma, settings.margin)


def feature_distance(
    network: Network, teacher: Network, luma: torch.Tensor, margin: int
) -> torch.Tensor:
    """The mean square difference between the signals after each block and those of the teacher.

    Signals are in units of x.
    """
    with torch.no_grad():
        aims = teacher.signals(luma)
    pairs = zip(network.signals(luma), aims, strict=True)
    return torch.stack(
        [mse(inner((ours - aim).permute(0, 2, 3, 1), margin)) for ours, aim in pairs]
    ).mean()


@torch.no_grad()
def average(state: State, part: float | torch.Tensor) -> None:
    """Move the averaged parameters by the share `part` towards the present ones."""
    for mean, new in zip(state.ema.parameters(), state.network.parameters(), strict=True):
        mean.lerp_(new, part)


def kept(settings: TrainConfig, step: int) -> float:
    """The decay of the moving average in a step, smaller at the start to forget the first steps."""
    return min(settings.ema, (1 + step) / (10 + step))


def learning_rate(settings: TrainConfig, step: int) -> float:
    """The learning rate of a step."""
    done = step / settings.steps
    if settings.schedule == "paper":  # halved at 200, 400, 600 and 800 thousand of 1e6 steps
        return settings.learning_rate * 0.5 ** math.floor(done * 5 + 1e-9)
    if done < settings.warmup:
        return settings.learning_rate * (step + 1) / (settings.warmup * settings.steps + 1)
    rest = (done - settings.warmup) / (1 - settings.warmup)
    if settings.schedule == "linear":
        return settings.learning_rate * (1 - rest)
    return settings.learning_rate * (0.5 + 0.5 * math.cos(math.pi * rest))
