"""Makes the pictures of docs/silicon.md, from what the simulators of the circuit write.

    python -m scripts.dev.make_silicon_pictures

`silicon_kitten.png` is a part of a photo and what Verilator gave for it. `silicon_waves.svg` and
`.png` show the ports of the circuit in Icarus Verilog while a small frame passes, with back
pressure.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

import iqlut
from iqlut.planes import colour
from iqlut.targets import rtl, vectors
from scripts.shared import plot_style
from scripts.shared.labelled_pictures import side_by_side
from scripts.shared.result_files import ROOT

MODEL = "l8c8-x4"
WAVES = ("s_tvalid", "s_tready", "s_tuser", "s_tlast", "s_tdata")
WAVES += ("m_tvalid", "m_tready", "m_tuser", "m_tlast", "m_tdata")
WINDOW = (56, 32, 120, 96)  # of the photo: left, upper, right, lower
CLOCK_PS = 4000
SHOWN_CLOCKS = 90
TEXT_CLOCKS = 3  # a box as wide has room for text
INK, PAPER = "#1f4e79", "#dce8f4"

Changes = dict[str, list[tuple[int, str]]]  # of each signal: time and value


def main() -> None:
    """Simulate twice, and write both pictures."""
    tables = iqlut.load(MODEL)
    assert isinstance(tables, iqlut.Tables)
    photo = colour.split(np.array(Image.open(ROOT / "samples" / "kitten.png").crop(WINDOW)))[0]
    with TemporaryDirectory() as folder:
        _simulate(Path(folder), tables, [vectors.picture(14, 12)], "icarus", "+waves=waves.vcd")
        _plot(_changes((Path(folder) / "waves.vcd").read_text()))
        _simulate(Path(folder), tables, [photo], "verilator", "+picture=upscaled.pgm")
        upscaled = Image.open(Path(folder) / "upscaled.pgm")
        upscaled.load()
    before = Image.fromarray(photo).resize(upscaled.size, Image.Resampling.NEAREST)
    panels = {"input, 64x64": before, f"{MODEL}, from the simulator": upscaled}
    side_by_side(panels).save(plot_style.IMAGES / "silicon_kitten.png", optimize=True)


def _simulate(
    folder: Path, tables: iqlut.Tables, frames: Sequence[np.ndarray], simulator: str, argument: str
) -> None:
    for name, data in (rtl.emit(tables) | rtl.cases(tables, frames)).items():
        (folder / name).write_bytes(data)
    width = max(frame.shape[1] for frame in frames)
    settings = [f"WIDTH_MAX={width}", f"ARGUMENTS=+receive=12 {argument}"]
    subprocess.run(["make", "-f", "simulate.mk", simulator, *settings], cwd=folder, check=True)


def _changes(vcd: str) -> Changes:
    """The signals of WAVES in a VCD of one module."""
    names: dict[str, str] = {}
    found: Changes = {}
    now = 0
    for line in vcd.splitlines():
        words = line.split()
        if line.startswith("$var") and words[4] in WAVES:
            names[words[3]] = words[4]
            found[words[4]] = []
        elif line.startswith("#"):
            now = int(line[1:])
        elif line.startswith("b") and words[1] in names:
            found[names[words[1]]].append((now, words[0][1:]))
        elif line and line[0] in "01xz" and line[1:] in names:
            found[names[line[1:]]].append((now, line[0]))
    return found


def _plot(changes: Changes) -> None:
    first = next(time for time, value in changes["m_tvalid"] if value == "1")
    begin = first // CLOCK_PS - SHOWN_CLOCKS // 3
    with matplotlib.rc_context(plot_style.SETTINGS):
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        axes = figure.add_subplot()
        names = list(reversed(WAVES))
        for row, name in enumerate(names):
            _plot_signal(axes, row, _at_clocks(changes[name], begin))
        axes.set_yticks(np.arange(len(names)) + 0.3, names)
        axes.set_xlim(0, SHOWN_CLOCKS)
        axes.set_ylim(-0.4, len(names))
        axes.set_xlabel("clock")
        axes.grid(visible=False, axis="y")
        plot_style.save(figure, "silicon_waves")


def _at_clocks(changes: list[tuple[int, str]], begin: int) -> list[str]:
    """The value at each edge of the clock that is shown."""
    edges = (CLOCK_PS // 2 + CLOCK_PS * clock for clock in range(begin, begin + SHOWN_CLOCKS))
    return [[value for time, value in changes if time < edge][-1] for edge in edges]


def _plot_signal(axes: Axes, row: int, values: list[str]) -> None:
    """A line for one bit; for more bits a box for each value, with its byte where there is room."""
    if max(map(len, values)) == 1:
        levels = [row + 0.6 * int(value == "1") for value in values]
        axes.stairs(levels, range(len(values) + 1), baseline=None, color=INK)
        return
    ends = [at for at in range(1, len(values)) if values[at] != values[at - 1]] + [len(values)]
    for begin, end in zip([0, *ends], ends, strict=False):
        axes.add_patch(Rectangle((begin, row), end - begin, 0.6, facecolor=PAPER, edgecolor=INK))
        if end - begin >= TEXT_CLOCKS and set(values[begin]) <= {"0", "1"} and len(values[0]) <= 8:
            text = f"{int(values[begin], 2):02x}"
            axes.text((begin + end) / 2, row + 0.28, text, ha="center", va="center", size=7)


if __name__ == "__main__":
    main()
