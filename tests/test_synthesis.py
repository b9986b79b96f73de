"""What is kept of a synthesis of the circuit, and when it has to be measured again."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from random_tables import random_tables
from scripts.shared import gate_cells, synthesis
from scripts.shared.synthesis import Synthesis

TABLES = random_tables(np.random.default_rng(10), 2, 2, 2, (3, 2))
SOURCES = synthesis.circuit_sources(TABLES)


def checksum(sources: dict[str, bytes], module: str, target: str = "xcup") -> str:
    return Synthesis(sources, target, *synthesis.modules(TABLES)[module]).sha256()


LAYERS = ["layer0", "layer1", "layer2"]


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        ("iqlut_blend.sv", b"// ", b"// A remark. ", []),
        ("iqlut_blend.sv", b"RISE > 1", b"RISE > 2", LAYERS),
        ("iqlut_model.sv", b"SYMMETRY = 1", b"SYMMETRY = 2", LAYERS),
        ("iqlut_window.sv", b"LAG + 1 : LAG", b"LAG : LAG", [*LAYERS, "luma_window"]),
        ("iqlut_shuffle.sv", b"writing ^", b"writing ~^", ["shuffle"]),
        ("iqlut_upscaler.sv", b"LAG = lag()", b"LAG = 1", []),
    ],
)
def test_a_module_is_stale_when_what_it_reads_has_changed(file, old, new, stale):
    assert old in SOURCES[file]
    changed = SOURCES | {file: SOURCES[file].replace(old, new)}
    found = [
        name
        for name in synthesis.modules(TABLES)
        if checksum(changed, name) != checksum(SOURCES, name)
    ]
    assert found == stale


def test_the_steps_and_the_cells_count(monkeypatch):
    """Cells that only gates are mapped to leave the other targets as they are."""
    before = {target: checksum(SOURCES, "frame", target) for target in synthesis.TARGETS}
    assert len(set(before.values())) == len(before)
    monkeypatch.setitem(gate_cells.CELLS, "INV", (0.6, "!A"))
    after = {target: checksum(SOURCES, "frame", target) for target in synthesis.TARGETS}
    assert [target for target in before if before[target] != after[target]] == ["gates"]


def test_gate_equivalents():
    assert gate_cells.equivalents({"NAND2": 3, "XOR2": 2, "$mem_v2": 1}) == pytest.approx(7)
    assert gate_cells.equivalents({gate_cells.FLIP_FLOP: 3}) == pytest.approx(17)
    with pytest.raises(KeyError):
        gate_cells.equivalents({"NAND2": 1, "$mux": 1})


def test_functions_of_the_cells():
    """Those whose name is an operation and the number of its inputs compute it, on all inputs."""
    operations = {
        "NAND": lambda pins: not all(pins),
        "NOR": lambda pins: not any(pins),
        "AND": all,
        "OR": any,
        "XOR": lambda pins: sum(pins) == 1,
        "XNOR": lambda pins: sum(pins) != 1,
    }
    named = {name: name[:-1] for name in gate_cells.CELLS if name[:-1] in operations}
    assert len(named) == 12
    for name, operation in named.items():
        function = gate_cells.CELLS[name][1]
        for old, new in (("!", " not "), ("*", " and "), ("+", " or ")):
            function = function.replace(old, new)
        for pins in itertools.product((False, True), repeat=int(name[-1])):
            values = dict(zip("ABCD", pins, strict=False))
            assert eval(function, values) == operations[operation](pins), name
