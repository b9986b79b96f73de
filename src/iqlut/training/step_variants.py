"""Ways to make a training step, for `iqlut bench train`: all of them the whole step, patches
included.
"""

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

SIDE, _COUNT, _SEED = (
    96,
    64,
    1,
)  # low-resolution pixels a side of the planes that are made up, and how many


def ways(
    config: Config, planes: Planes, threads: int, device: str = "cpu"
) -> dict[str, Callable[[int], None]]:
    """Name -> function that makes so many steps: plain torch first, what the others are compared
    with.
    """
    on_device.check(device)
    if device != "cpu":
        return {
            name: _resident(config, planes, device, name == "graph") for name in ("torch", "graph")
        }
    return {
        "torch": _host(config, planes, threads, plain=True),
        "native": _host(config, planes, threads, plain=False),
    }


def _host(config: Config, planes: Planes, threads: int, plain: bool) -> Callable[[int], None]:
    """The loop on a CPU: patches cropped by NumPy; the layers by the native kernel, or `plain`
    torch's hat form.
    """
    state = states.new(config, planes.sha256)
    state.network.plain = plain

    def run(steps: int) -> None:
        torch.set_num_threads(threads if plain else TORCH_THREADS)
        for _ in range(steps):
            host_step(state, config, planes, None, threads)
            state.step += 1

    return run


def _resident(config: Config, planes: Planes, device: str, captured: bool) -> Callable[[int], None]:
    """All on a GPU; `captured` in one graph, or kernel by kernel. Returns when the GPU is done."""
    state = states.new(config, planes.sha256, device)
    trainer = on_device.Steps(state, config, planes, None, captured)

    def run(steps: int) -> None:
        for _ in range(steps):
            trainer.next()
            state.step += 1
        torch.cuda.synchronize()

    return run


def made_up(scale: int) -> Planes:
    """Planes of smooth noise and edges, always the same: enough to crop patches from without a
    folder of images.
    """
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
    return Planes(np.concatenate(hr), np.concatenate(lr)[None], sizes, scale, (), "made up")
