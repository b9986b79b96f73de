"""Implementations of a whole training step, with its patches, for `iqlut bench train`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from iqlut.network.configuration import Config
from iqlut.planes import resize
from iqlut.training import checkpoint as states
from iqlut.training import on_device
from iqlut.training.patches import Planes
from iqlut.training.step import TORCH_THREADS, host_step

SIDE = 96  # of a synthetic plane, in low-resolution pixels
_COUNT = 64  # of synthetic planes
_SEED = 1


def ways(
    config: Config, planes: Planes, threads: int, device: str = "cpu"
) -> dict[str, Callable[[int], None]]:
    """The implementations by name: each is a function that makes a number of steps.

    The first one is plain torch, with which the others are compared.
    """
    on_device.check(device)
    if device != "cpu":
        return {
            "torch": _on_device(config, planes, device, plain=True),
            "tensor cores": _on_device(config, planes, device, plain=False),
        }
    return {
        "torch": _host(config, planes, threads, plain=True),
        "native": _host(config, planes, threads, plain=False),
    }


def _host(config: Config, planes: Planes, threads: int, plain: bool) -> Callable[[int], None]:
    """Steps on a CPU, with layers by the native library or, if `plain`, by plain torch."""
    state = states.new(config, planes.sha256)
    state.network.implementation = "plain" if plain else None

    def run(steps: int) -> None:
        torch.set_num_threads(threads if plain else TORCH_THREADS)
        for _ in range(steps):
            host_step(state, config, planes, None, threads)
            state.step += 1

    return run


def _on_device(config: Config, planes: Planes, device: str, plain: bool) -> Callable[[int], None]:
    """Steps on a GPU, with layers by tensor cores or, if `plain`, by plain torch.

    The function returns when the GPU has finished.
    """
    state = states.new(config, planes.sha256, device)
    state.network.implementation = "plain" if plain else None
    trainer = on_device.Steps(state, config, planes, None)

    def run(steps: int) -> None:
        for _ in range(steps):
            trainer.next()
            state.step += 1
        torch.cuda.synchronize()

    return run


def made_up(scale: int) -> Planes:
    """Synthetic planes of smooth noise with edges, always the same; no images are needed."""
    rng = np.random.default_rng(_SEED)
    lr, hr = [], []
    for _ in range(_COUNT):
        coarse = rng.integers(0, 256, (SIDE // 8, SIDE // 8), dtype=np.uint8)
        large = resize.resize(coarse, SIDE * scale, SIDE * scale)
        edge = int(rng.integers(SIDE * scale))
        large[:, edge:] = 255 - large[:, edge:]
        hr.append(large.ravel())
        lr.append(resize.resize(large, SIDE, SIDE).ravel())
    sizes = np.array([(SIDE, SIDE)] * _COUNT)
    return Planes(np.concatenate(hr), np.concatenate(lr), sizes, scale, (), "made up")
