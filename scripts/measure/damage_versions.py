"""Compares damage that is drawn anew for each patch with one or a few damaged versions of each
picture.

    python -m scripts.measure.damage_versions STEPS

Training of l8c8-x4 continues from its clean tables for STEPS steps, at the damage of strength 1.5
alone; the score is the PSNR on the validation images, damaged as for that strength. The rows go to
results/damage_versions.json.
"""

from __future__ import annotations

import dataclasses
import sys
from functools import partial

import numpy as np
import torch

from iqlut.network import configuration
from iqlut.network.configuration import Config
from iqlut.training import checkpoint as states
from iqlut.training import patch_damage, training_images, validation
from iqlut.training.patches import Planes
from iqlut.training.step import TORCH_THREADS, host_step
from scripts.shared import result_files
from scripts.shared.result_files import ROOT

CACHE = ROOT / "runs" / "cache"
VERSIONS = (1, 3, 0)  # damaged versions of each picture; 0: drawn anew for each patch
STRENGTH, SEED = 1.5, 5


def main(steps: int) -> None:
    """Train once for each number of versions, and keep a row of each."""
    measured_from = result_files.origin()
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
            "psnr_db": psnr_db,
            "config_sha256": result_files.configuration_sha256(config),
            "origin": measured_from,
        }
        result_files.keep_row("damage_versions", row)
        print(versions, psnr_db)


def expected_sha256(row: result_files.Row) -> str:
    """Return the checksum that the configuration of a row has today."""
    return result_files.configuration_sha256(_config(row["steps"]))


def _config(steps: int) -> Config:
    """Return the training of noise and JPEG alone, on planes shrunk by MATLAB's bicubic filter."""
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
    """Return the planes, each damaged once before training."""
    low = np.array(planes.lr)
    start = 0
    for number, (h, w) in enumerate(planes.sizes):
        rng = np.random.default_rng((SEED, version, number))
        damage = patch_damage.draw(planes.damage, STRENGTH, rng)
        side = min(h, w)  # the planes of the training images are squares
        plane = planes.lr[:, start : start + h * w].reshape(1, h, w)
        low[0, start : start + h * w].reshape(h, w)[:side, :side] = patch_damage.apply(
            damage, patch_damage.PatchPlace(plane, 0, 0, side), rng
        )
        start += h * w
    return dataclasses.replace(planes, lr=low, damage=configuration.DegradeConfig())


if __name__ == "__main__":
    main(int(sys.argv[1]))
