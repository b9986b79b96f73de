"""Training that stays on a device makes the steps of the host; here the device is the CPU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from command_line import refuses
from iqlut import cli
from iqlut.network.configuration import BadConfig, Config, ModelConfig, TrainConfig
from iqlut.training import checkpoint as states
from iqlut.training import on_device, step_variants
from iqlut.training.step import host_step

CONFIG = Config(
    "trial",
    ModelConfig(scale=3, blocks=2, channels=4),
    TrainConfig(batch=16, patch=9, steps=100, upsample_rate=0.25),
)


def test_crops_are_the_patches_of_the_host() -> None:
    """All eight turns are among them."""
    planes = step_variants.made_up(3)
    draws = planes.draws(seed=5, step=7, batch=64, patch=9)
    assert set(draws[:, 3]) == set(range(8))
    ours = on_device.Crops(planes, torch.device("cpu")).patches(torch.from_numpy(draws), 9)
    for one, other in zip(ours, planes.patches(seed=5, step=7, batch=64, patch=9), strict=True):
        np.testing.assert_array_equal(one.numpy(), other)


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
