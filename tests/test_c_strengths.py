"""Restoration strengths on the device: the C runtime blends what the package blends."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import iqlut
from iqlut.errors import UnsupportedModel
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables
from iqlut.targets import c as c_target
from iqlut.targets import folder

PROGRAM = Path(__file__).parent / "c_runtime" / "strengths.c"
BAD_STRENGTH = 9  # iqlut.h
MODELS = {
    name: model
    for name in iqlut.models()
    if isinstance(model := iqlut.load(name), RestorationTables)
}


def stored_bytes(tables: Tables) -> bytes:
    """Biases and entries of each layer as strengths.c writes them."""
    parts = [tables.stored(index) for index in range(len(tables.layers))]
    return b"".join(
        part["bias"].tobytes() + c_target.biased(part["lut"]).tobytes() for part in parts
    )


@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
@pytest.mark.parametrize(
    ("name", "option"), [*((name, "-DPLAIN") for name in MODELS), ("everyday-x4", "-DIQLUT_DSP")]
)
def test_every_strength(name, option, tmp_path):
    """All stored strengths and some between give the tables of `RestorationTables.at`."""
    model, word = MODELS[name], c_target.identifier(name)
    out, units = tmp_path / "out", c_target.STRENGTH_UNITS
    folder.write(out, c_target.emit_strengths(dict(zip(model.strengths, model.sets, strict=True))))
    first = model.sets[0]
    sizes = [str(first.stored(index)["lut"].nbytes) for index in range(len(first.layers))]
    flags = [f'-DTABLES_HEADER="{word}_tables.h"', f"-DMODEL={word}", f"-I{out}", option]
    flags += [f"-D{macro}={word.upper()}_{macro}" for macro in ("BLEND_BYTES", "LAYERS")]
    command = ["gcc", "-std=c99", "-O1", *flags, f"-DLUT_BYTES={','.join(sizes)}"]
    program = str(tmp_path / "program")
    subprocess.run([*command, *map(str, out.glob("*.c")), str(PROGRAM), "-o", program], check=True)
    stored = [int(strength * units) for strength in model.strengths]
    asked = sorted({*stored, *range(0, stored[-1], 29)})
    done = subprocess.run([program, *map(str, asked)], capture_output=True)
    assert done.returncode == 0
    assert done.stdout == b"".join(stored_bytes(model.at(one / units)) for one in asked)
    assert subprocess.run([program, str(stored[-1] + 1)]).returncode == BAD_STRENGTH


def test_strengths_that_the_device_cannot_name():
    sets = next(iter(MODELS.values())).sets
    with pytest.raises(UnsupportedModel, match=r"a stored strength is 0.3, .* multiples of 1/64"):
        c_target.emit_strengths({0.0: sets[0], 0.3: sets[1]})
