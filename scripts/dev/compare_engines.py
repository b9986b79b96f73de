"""Counts the pixels in which the engines differ on folders of HR images: `compare_engines.py MODEL
FOLDER...`.

Each image is made small as for evaluation, upscaled by every engine (the native one in each
instruction set that this machine has) and compared with the reference. Ends with 1 if a pixel
differs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import iqlut
from iqlut import engines
from iqlut.engines import native
from iqlut.evaluation import scores
from iqlut.evaluation.image_sets import image_files
from iqlut.planes import resize


def main(model: str, folders: list[Path]) -> int:
    """Print a line for each engine; return 1 if any pixel differs, else 0."""
    tables = iqlut.load(model)
    reference = engines.get("reference").build(tables)
    others = {f"native {isa}": native.build(tables, isa=isa) for isa in native.instruction_sets()}
    others["torch"] = engines.get("torch").build(tables)
    differing, pixels, images = dict.fromkeys(others, 0), 0, 0
    for file in (file for folder in folders for file in image_files(folder)):
        hr = resize.mod_crop(scores.read_luma(file), tables.scale)
        lr = resize.shrink(hr, tables.scale)
        wanted = reference(lr)
        pixels, images = pixels + wanted.size, images + 1
        for name, upscale in others.items():
            differing[name] += int((upscale(lr) != wanted).sum())
    for name, count in differing.items():
        print(
            f"{name:20} {count} of {pixels} pixels differ from the reference ({images} "
            f"images, {tables.name})"
        )
    return int(any(differing.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], [Path(folder) for folder in sys.argv[2:]]))
