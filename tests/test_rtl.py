"""The circuit of `iqlut export rtl`, in the simulators, gives the pixels of the reference.

The test bench that is exported compares every pixel and the signals after every layer.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import iqlut
from iqlut.errors import UnsupportedModel
from iqlut.tables import file_format, symmetry
from iqlut.targets import rtl, vectors
from random_tables import deep_tables, random_tables, symmetric_tables, uneven_tables
from rtl_simulation import simulate


@dataclass(frozen=True)
class Case:
    """A model and how its circuit is built and driven."""

    scale: int
    kernels: tuple[int, int] = (3, 2)
    channels: int = 2
    clocks: int = 8
    columns: int = 1  # in a beat
    pipeline: int = 1
    order: int = 1  # of the symmetry
    negative: bool = False
    widths: tuple[int, ...] = ()  # outputs of blocks that differ
    frames: int = 6
    driven: str = "+send=9 +receive=5"

    def tables(self) -> iqlut.Tables:
        rng = np.random.default_rng(self.scale + self.clocks)
        if self.widths:
            return uneven_tables(rng, self.scale, self.widths)
        if self.order > 1 or self.negative:
            group = symmetry.Symmetry(self.order, self.negative)
            return symmetric_tables(rng, group, self.scale, self.kernels)
        return random_tables(rng, self.scale, 2, self.channels, self.kernels)


CASES = {
    "x2": Case(2),
    "x3, 4 clocks": Case(3, clocks=4, channels=3),
    "x4, 2 clocks, 2 columns": Case(4, clocks=2, columns=2, driven="+send=2 +receive=9"),
    "x4, 1 clock, 4 columns": Case(4, clocks=1, columns=4, driven="+send=16 +receive=16"),
    "x2, 1 clock, slow sender": Case(2, clocks=1, driven="+send=1 +receive=16"),
    "by tlast and tuser": Case(2, driven="+ports=0 +send=8 +receive=16"),
    "no registers between adders": Case(3, pipeline=0),
    "kernel 1": Case(2, (1, 1)),
    "kernels 2 and 1": Case(3, (2, 1), clocks=4),
    "kernels 1 and 3": Case(2, (1, 3), clocks=2),
    "symmetry 2": Case(2, (3, 3), order=2, frames=1),
    "symmetry 4": Case(3, (3, 1), order=4, clocks=4, frames=1),
    "symmetry 8": Case(4, (1, 3), order=8, frames=1),
    "negative": Case(2, (3, 3), order=4, negative=True, frames=1),
    "blocks that differ": Case(2, widths=(3, 1, 2)),
}


def planes() -> list[np.ndarray]:
    rng = np.random.default_rng(11)
    sizes = ((4, 5), (1, 1), (3, 1), (1, 6), (2, 2), (5, 9))
    return [rng.integers(0, 256, size).astype(np.uint8) for size in sizes]


def settings_of(case: Case) -> list[str]:
    built = f"CLOCKS={case.clocks} COLUMNS_IN_BEAT={case.columns} PIPELINE={case.pipeline}"
    return [*built.split(), f"ARGUMENTS={case.driven}"]


@pytest.mark.parametrize("name", CASES)
def test_pixels_and_layers(name, tmp_path):
    tables, frames = CASES[name].tables(), CASES[name].frames
    files = rtl.emit(tables) | rtl.cases(tables, planes()[:frames])
    printed = simulate(tmp_path, "icarus", files, *settings_of(CASES[name]))
    assert f"{frames} frames, " in printed


@pytest.mark.slow
def test_verilator(tmp_path):
    tables = CASES["x2"].tables()
    files = rtl.emit(tables) | rtl.cases(tables, planes())
    simulate(tmp_path, "verilator", files, "OPTIMISE=-O0", *settings_of(CASES["x2"]))


def test_no_bubble_within_a_frame(tmp_path):
    """A pixel in exactly 8 clocks when both sides are always ready.

    A row comes out when it is complete: a line after the lag of the layers.
    """
    tables = CASES["x2"].tables()
    plane = vectors.picture(6, 40)
    files = rtl.emit(tables) | rtl.cases(tables, [plane, plane])
    printed = simulate(tmp_path, "icarus", files, "ARGUMENTS=+send=16 +receive=16")
    assert "longest gap between pixels 8 clocks" in printed
    lag = sum(layer.kernel // 2 for layer in tables.layers)
    first_beat = int(printed.rpartition("first beat after ")[2].split()[0])
    assert first_beat < (lag + 2) * 8 * plane.shape[1]


def test_the_bench_notices_a_wrong_table_entry(tmp_path):
    """One bit of one entry: the first wrong layer is named."""
    tables = CASES["x2"].tables()
    block = tables.layers[1]
    lut = block.lut.copy()
    lut[:, :, 1, 1, 0] ^= 16
    wrong = replace(tables, layers=(tables.layers[0], replace(block, lut=lut), tables.layers[2]))
    files = rtl.emit(wrong) | rtl.cases(tables, planes())
    with pytest.raises(AssertionError, match=r"layer 1, pixel \d+, channel 0: got"):
        simulate(tmp_path, "icarus", files)


@pytest.mark.slow
def test_frames_that_break_the_rules(tmp_path, monkeypatch):
    """Short, long and cut lines and frames, sizes that change, reset: tests/rtl/frame_errors.py."""
    runners = pytest.importorskip("cocotb_tools.runner", reason="cocotb is not installed")
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not installed")
    tables = CASES["x2"].tables()
    model = tmp_path / "random.iqlut"
    model.write_bytes(file_format.to_bytes(tables))
    for name, data in rtl.emit(tables).items():
        (tmp_path / name).write_bytes(data)
    packages = [tmp_path / name for name in ("iqlut_tags.sv", "iqlut_model.sv")]
    sources = [file for file in sorted(tmp_path.glob("*.sv")) if file.stem != "iqlut_bench"]
    monkeypatch.setenv("TABLES", str(model))
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "rtl"))
    runner = runners.get_runner("icarus")
    runner.build(
        sources=[*packages, *(file for file in sources if file not in packages)],
        hdl_toplevel="iqlut_upscaler",
        parameters={"WIDTH_MAX": 16},
        timescale=("1ns", "1ps"),
        build_dir=tmp_path / "build",
    )
    results = runner.test(
        test_module="frame_errors",
        hdl_toplevel="iqlut_upscaler",
        build_dir=tmp_path / "build",
        extra_env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert runners.get_results(results)[1] == 0


def constant(package: str, name: str) -> int:
    """The value of a constant of the package, put together from its literals."""
    body = re.search(rf"\] {name} = \{{(.*?)\}};", package, re.DOTALL)
    assert body is not None
    value = 0
    for bits, digits in re.findall(r"(\d+)'h([0-9a-f]+)", body[1]):
        value = value << int(bits) | int(digits, 16)
    return value


@pytest.mark.parametrize("model", ["l8c8-x4", "iqlut-5k-x4"])
def test_package_holds_what_is_stored(model):
    """Of a symmetric model one copy of its tables, with the levels of an entry side by side.

    An entry is kept above the least of its levels.
    """
    tables = iqlut.load(model)
    assert isinstance(tables, iqlut.Tables)
    package = rtl.package(tables).decode()
    stored = [tables.stored(index)["lut"] for index in range(len(tables.layers))]
    above_least = [lut.astype(int) - lut.min(axis=1, keepdims=True) for lut in stored]
    entries = b"".join(np.moveaxis(lut, 1, -1).astype(np.uint8).tobytes() for lut in above_least)
    assert constant(package, "ENTRIES").to_bytes(len(entries), "little") == entries
    gains = np.concatenate([tables.stored(n)["gain"] for n in range(len(tables.layers))])
    constants = constant(package, "CONSTANTS")
    assert [constants >> 96 * n & 0xFFFF for n in range(len(gains))] == gains.tolist()


def test_symmetry_of_the_circuit_is_that_of_the_specification():
    """The two tables of wiring in iqlut_accumulate.sv."""
    source = (Path(__file__).parents[1] / "runtimes/verilog/iqlut_accumulate.sv").read_text()
    match = re.search(r"256'h([0-9a-f]{64})", source)
    assert match is not None
    digits = [int(digit, 16) for digit in match[1][::-1]]
    assert (np.array(digits).reshape(8, 8) == symmetry.channels_seen(symmetry.Symmetry(8))).all()


def test_sizes_of_the_sources():
    """At most 300 lines of at most 100 columns, as in Python and C."""
    for file in (Path(__file__).parents[1] / "runtimes" / "verilog").glob("*.sv"):
        lines = file.read_text().splitlines()
        assert len(lines) <= 300, file
        assert max(map(len, lines)) <= 100, file


def test_limit_of_layers():
    with pytest.raises(UnsupportedModel, match="at most 32"):
        rtl.emit(deep_tables(rtl.LAYERS_MAX))
