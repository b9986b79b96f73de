"""Short training runs for tests: a folder of images, a configuration, and saved states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from iqlut.network import configuration
from iqlut.network.configuration import Config


def write_images(folder: Path) -> Path:
    """Write three images with edges to a folder: one in a subfolder, and one that is too small."""
    (folder / "more").mkdir()
    rng = np.random.default_rng(4)
    for name, size in (("one.png", 96), ("more/two.webp", 80), ("tiny.png", 20)):
        picture = np.zeros((size, size, 3), np.uint8)
        for _ in range(60):
            y, x, side = (int(n) for n in rng.integers((0, 0, 4), (size, size, 30)))
            picture[y : y + side, x : x + side] = rng.integers(0, 256, 3)
        Image.fromarray(picture).save(folder / name, lossless=True)
    return folder


def settings(images: Path, **train: Any) -> Config:
    """The configuration of a short run with a small network; `train` overrides values."""
    values = {
        "data": str(images),
        "validation": str(images),
        "steps": 12,
        "batch": 3,
        "patch": 12,
        "checkpoint_every": 4,
    }
    return configuration.from_dict(
        {
            "name": "trial",
            "model": {"blocks": 2, "channels": 4},
            "train": {**values, "validate_every": 12, **train},
        }
    )


def state_of(path: Path) -> dict[str, Any]:
    """The values of the checkpoint at `path`."""
    return torch.load(path, weights_only=True)
