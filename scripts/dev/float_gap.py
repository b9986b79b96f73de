"""Compare the float network of a checkpoint with its integer tables by mean PSNR in dB.

Call it as `python -m scripts.dev.float_gap CHECKPOINT FOLDER...`.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import numpy as np
import torch

from iqlut import arithmetic as ar
from iqlut import engines
from iqlut.evaluation import scores
from iqlut.evaluation.image_sets import image_files
from iqlut.network.network import Network
from iqlut.network.quantisation import CENTRE
from iqlut.training import checkpoint as states
from iqlut.training import checkpoint_to_tables


def main(checkpoint: Path, folders: list[Path]) -> None:
    """Print the mean PSNR of both, and their difference, for each folder of images."""
    network, _ = states.average(checkpoint)
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
    """Upscale a luma plane, uint8 (h, w), by the float network, to uint8 (scale * h, scale * w).

    Entries and signals are not rounded. Only the result is rounded, to uint8.
    """
    luma = torch.from_numpy(lr)[None]
    phases = (network.base(luma) + network(luma, rounded=False))[0] * CENTRE + CENTRE
    plane = ar.shuffle(phases, network.config.scale)
    return plane.round().clamp(0, ar.SIGNAL_MAX).to(torch.uint8).numpy()


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]])
