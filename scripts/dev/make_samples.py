"""Makes `samples/` from two photos that are kept out of training.

python -m scripts.dev.make_samples data/train
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from iqlut.planes.resize import shrink

SAMPLES = Path(__file__).parents[2] / "samples"


def main(folder: Path) -> None:
    """`kitten.png` at half its size, a small photo to upscale; `budgie.png` as it is, to compare
    with.
    """
    kitten = np.array(Image.open(folder / "6fda61f9de1a.webp").convert("RGB"))
    Image.fromarray(shrink(kitten, 2)).save(SAMPLES / "kitten.png", optimize=True)
    Image.open(folder / "96942fd11724.webp").convert("RGB").save(
        SAMPLES / "budgie.png", optimize=True
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
