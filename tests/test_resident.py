"""Training that stays on a device makes the steps of the host; here the device is the CPU."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from command_line import refuses
from iqlut import arithmetic as ar
from iqlut import cli
from iqlut.network.configuration import BadConfig, Config, ModelConfig, TrainConfig
from iqlut.planes import resize
from iqlut.planes.flips_rotations import flip_rotate
from iqlut.training import checkpoint as states
from iqlut.training import on_device, step_variants
from iqlut.training.checkpoint import TrainingStopped
from iqlut.training.device_planes import DevicePlanes
from iqlut.training.step import host_step

CONFIG = Config(
    "trial",
    ModelConfig(scale=3, blocks=2, channels=4),
    TrainConfig(batch=16, patch=9, steps=100, upsample_rate=0.25),
)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_patches_are_those_of_the_host(scale: int) -> None:
    """All eight orientations are among them, and patches in all corners of a plane."""
    planes = step_variants.made_up(scale)
    draws = planes.draws(seed=5, step=7, batch=64, patch=9)
    assert set(draws[:, 3]) == set(range(8))
    last = (step_variants.SIDE - 9) * scale
    draws[:4, 1], draws[:4, 2] = (0, 0, last, last), (0, last, 0, last)
    device_planes = DevicePlanes(planes, torch.device("cpu"))
    low, high = device_planes.patches(torch.from_numpy(draws), 9)
    for n, (index, top, left, orientation) in enumerate(draws):
        y, x = top // scale, left // scale
        lr, hr = planes.pair(index)
        expected = flip_rotate(lr[y : y + 9, x : x + 9], orientation)
        np.testing.assert_array_equal(low[n].numpy(), expected)
        crop = hr[top : top + 9 * scale, left : left + 9 * scale]
        expected = ar.unshuffle(flip_rotate(crop, orientation), scale)
        np.testing.assert_array_equal(high[n].numpy(), expected)


def test_patches_at_any_offset_are_those_of_the_plane_from_there() -> None:
    """With four grids, a plane that begins a few pixels later is downscaled from other pixels."""
    planes = step_variants.made_up(4)
    draws = planes.draws(seed=5, step=7, batch=64, patch=9, grids=4)
    assert {(top % 4, left % 4) for top, left in draws[:, 1:3]} == set(product(range(4), repeat=2))
    low, _ = DevicePlanes(planes, torch.device("cpu")).patches(torch.from_numpy(draws), 9)
    compared = 0
    for n, (index, top, left, orientation) in enumerate(draws):
        if min(top, left) < 8:  # a border that the shifted plane has and the whole one has not
            continue
        hr = planes.pair(index)[1][top % 4 :, left % 4 :]
        lr = resize.shrink(resize.mod_crop(hr, 4), 4)
        y, x = top // 4, left // 4
        if max(y, x) + 9 + 2 > min(lr.shape):
            continue
        expected = flip_rotate(lr[y : y + 9, x : x + 9], orientation)
        np.testing.assert_array_equal(low[n].numpy(), expected)
        compared += 1
    assert compared > 40


def test_steps_are_those_of_the_host() -> None:
    """With the same layers in plain torch: the same losses, parameters and averages, to float32."""
    planes, runs = step_variants.made_up(3), []
    for is_on_device in (False, True):
        state = states.new(CONFIG, "")
        state.network.implementation = "plain"
        steps = on_device.Steps(state, CONFIG, planes, None)
        losses = []
        for state.step in range(3):
            losses.append(
                float(steps.next() if is_on_device else host_step(state, CONFIG, planes, None, 1))
            )
        runs.append((losses, [*state.network.parameters(), *state.ema.parameters()]))
    assert runs[0][0] == pytest.approx(runs[1][0], rel=1e-6)
    for one, other in zip(runs[0][1], runs[1][1], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_a_gpu_without_enough_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    planes, state = step_variants.made_up(3), states.new(CONFIG, "")
    steps = on_device.Steps(state, CONFIG, planes, None)
    room = planes.hr.nbytes + 10 * on_device.patch_bytes(CONFIG)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (0, room))
    monkeypatch.setattr(steps, "_step", no_memory)
    with pytest.raises(TrainingStopped, match="expected a batch of 10 patches or less"):
        steps.next()


def test_learned_knots_are_refused() -> None:
    config = replace(CONFIG, model=replace(CONFIG.model, knots="learned"))
    with pytest.raises(BadConfig, match="on a CPU only"):
        on_device.Steps(states.new(config, ""), config, step_variants.made_up(3), None)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    refuses(
        capsys,
        cli.main(["train", "configs/l8c8-x4.toml", "--device", "cuda"]),
        "finds no GPU",
        "expected cpu",
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_the_graph_makes_the_same_steps() -> None:
    planes, runs = step_variants.made_up(3), []
    for captured in (False, True):
        state = states.new(CONFIG, "", "cuda")
        steps = on_device.Steps(state, CONFIG, planes, None, captured)
        losses = []
        for state.step in range(12):
            losses.append(float(steps.next()))
        runs.append(losses)
    assert runs[0] == pytest.approx(runs[1], rel=1e-3)
