"""`zephyr`: the C runtime and the tables of a model as a module of the Zephyr operating system."""

from __future__ import annotations

from iqlut.tables.integer_tables import Tables
from iqlut.targets import Files, c
from iqlut.targets.folder import runtime_files


def emit(tables: Tables) -> Files:
    """The module: `zephyr/` with its build files, and the sources in `src/`."""
    sources = {f"src/{name}": data for name, data in c.emit(tables).items()}
    return runtime_files("zephyr", "**/*") | sources
