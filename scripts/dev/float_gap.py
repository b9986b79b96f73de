"""What the integers cost: `float_gap.py CHECKPOINT FOLDER...`, mean PSNR in dB of the float network
and its tables.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import numpy as np
import torch

from iqlut import engines
from iqlut.evaluation import scores
from iqlut.evaluation.image_sets import image_files
from iqlut.network.network import Network
from iqlut.network.quantisation import CENTRE
from iqlut.training import checkpoint_to_tables


def main(checkpoint: Path, folders: list[Path]) -> None:
    """A line for each folder."""
    network, _ = checkpoint.average(checkpoint)
    tables = checkpoint_to_tables.tables_of(checkpoint)
    upscalers = (functools.partial(upscale_plane, network), engines.get("native").build(tables))
    for folder in folders:
        images = [(file.name, scores.read_image(file)) for file in image_files(folder)]
        exact, whole = (
            np.mean(
                [
                    scores.score_image(name, hr, upscaler, tables.scale).psnr_db
                    for name, hr in images
                ]
            )
            for upscaler in upscalers
        )
        print(
            f"{folder.name}: float {exact:.3f} dB, integer {whole:.3f} dB, difference "
            f"{exact - whole:.3f} dB"
        )


def upscale_plane(network: Network, lr: np.ndarray) -> np.ndarray:
    """The float network's pixels, entries and signals not rounded; rounded once at the end."""
    r = network.config.scale
    luma = torch.from_numpy(lr)[None]
    phases = (network.base(luma) + network(luma, rounded=False))[0] * CENTRE + CENTRE
    plane = (
        phases.view(*lr.shape, r, r).permute(0, 2, 1, 3).reshape(lr.shape[0] * r, lr.shape[1] * r)
    )
    return plane.round().clamp(0, 255).to(torch.uint8).numpy()


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]])
