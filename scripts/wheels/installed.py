"""Try the iqlut that is installed for the Python that runs this, as a user would.

    python scripts/wheels/installed.py

Compares every golden vector with the native engine, loads both libraries, and upscales a photograph
by the command line into a folder that is removed. Needs iqlut alone, and reads no module of the
source tree. Prints one line; raises AssertionError at the first fault.
"""

from __future__ import annotations

import json
import platform
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import iqlut
from iqlut import cli, native
from iqlut.engines import native as engine
from iqlut.tables.restoration_tables import tables_at

ROOT = Path(__file__).parents[2]
VECTORS, PHOTO = ROOT / "vectors", ROOT / "samples" / "kitten.png"


def main() -> None:
    """Try the library, the models and the command."""
    assert ROOT / "src" not in Path(str(iqlut.__file__)).parents, "iqlut was not installed"
    vectors = check_vectors()
    native.load("training")
    check_command()
    sets = " ".join(engine.instruction_sets())
    where = f"Python {platform.python_version()} on {platform.machine()}"
    print(f"{vectors} golden vectors and the command are right with {where} ({sets})")


def check_vectors() -> int:
    """The number of golden vectors, each of which the native engine has reproduced."""
    index = json.loads((VECTORS / "index.json").read_text(encoding="utf-8"))
    shape = index["plane"]["height"], index["plane"]["width"]
    plane = np.fromfile(VECTORS / index["plane"]["file"], np.uint8).reshape(shape)
    for row in index["outputs"]:
        tables = tables_at(iqlut.load(row["model"]), row["restore"] or 0.0)
        expected = np.fromfile(VECTORS / row["file"], np.uint8)
        for isa in engine.instruction_sets():
            found = engine.build(tables, threads=2, isa=isa)(plane)
            assert np.array_equal(found.ravel(), expected), f"{row['file']} with {isa}"
    return len(index["outputs"])


def check_command() -> None:
    """Upscale a photograph as a user does: the result has four times the sides."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "photo.png"
        source.write_bytes(PHOTO.read_bytes())
        assert cli.main(["upscale", "--quiet", str(source)]) == 0
        with Image.open(source) as small, Image.open(source.with_name("photo_x4.png")) as large:
            assert large.size == (4 * small.width, 4 * small.height)


if __name__ == "__main__":
    main()
