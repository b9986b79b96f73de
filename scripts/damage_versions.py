"""What drawing damage anew for each patch gives, against one damaged version of each picture, or a few.

    python scripts/damage_versions.py 8000

l8c8-x4 goes on from its clean tables for so many steps, at the damage of strength 1.5 alone; the score is PSNR on the
validation images, damaged as for that strength. Rows go to results/damage_versions.json.
"""

from __future__ import annotations

import dataclasses
import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch

import result_rows
from iqlut.network import configuration
from iqlut.network.configuration import Config
from iqlut.training import checkpoint as states
from iqlut.training import patch_damage, training_images, validation
from iqlut.training.patches import Planes
from iqlut.training.step import TORCH_THREADS, host_step

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "runs" / "cache"
VERSIONS = (1, 3, 0)  # of each picture; 0: drawn anew for each patch
STRENGTH, SEED = 1.5, 5


def main(steps: int) -> None:
    about = result_rows.about()
    config = _config(steps)
    planes = training_images.load(
        config.train, config.model.scale, CACHE, lambda *_: None, config.degrade
    )
    checked = training_images.load(
        validation.validation_of(config.train), config.model.scale, CACHE, lambda *_: None
    )
    torch.set_num_threads(TORCH_THREADS)
    for versions in VERSIONS:
        state = states.new(config, planes.sha256)
        prepared = [_damaged(planes, version) for version in range(versions)]
        for state.step in range(steps):
            host_step(
                state, config, prepared[state.step % versions] if versions else planes, None, 1
            )
        damage = partial(validation.damaged, config.degrade, STRENGTH)
        psnr_db = round(validation.validate(state.ema, checked, 1, damage), 3)
        row = {
            "command": f"damage_versions {steps} {versions}",
            "versions": versions,
            "steps": steps,
        }
        result_rows.keep("damage_versions", row | {"psnr_db": psnr_db} | about)
        print(versions, psnr_db)


def _config(steps: int) -> Config:
    """Noise and JPEG alone, on planes by MATLAB's bicubic."""
    config = configuration.load(ROOT / "configs" / "everyday-x4.toml", "first")
    model = dataclasses.replace(config.model, strengths=())
    train = dataclasses.replace(config.train, steps=steps, flats=0.0)
    values = {
        "noise_share": 0.4,
        "jpeg_share": 0.4,
        "noise_jpeg_share": 0.2,
        "strength": STRENGTH,
        "colour_share": 0.0,
    }
    return dataclasses.replace(
        config, model=model, train=train, degrade=configuration.DegradeConfig(**values)
    )


def _damaged(planes: Planes, version: int) -> Planes:
    """The planes, each damaged once and for all."""
    low = np.array(planes.lr)
    start = 0
    for number, (h, w) in enumerate(planes.sizes):
        rng = np.random.default_rng((SEED, version, number))
        damage = patch_damage.draw(planes.damage, STRENGTH, rng)
        side = min(h, w)  # the pack's planes are squares
        plane = planes.lr[:, start : start + h * w].reshape(1, h, w)
        low[0, start : start + h * w].reshape(h, w)[:side, :side] = patch_damage.apply(
            damage, patch_damage.PatchPlace(plane, 0, 0, side), rng
        )
        start += h * w
    return dataclasses.replace(planes, lr=low, damage=configuration.DegradeConfig())


if __name__ == "__main__":
    main(int(sys.argv[1]))
