"""Exports: what a model becomes for programs and circuits that run without this package.

Each module in `TARGETS` has `emit(tables) -> {file name: bytes}`. A target writes data only; the
programs that use it are written by hand and lie in `runtimes/`.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from iqlut.tables.integer_tables import Tables

TARGETS = ("arduino", "c", "onnx", "rtl", "tables", "vectors", "zephyr")
Files = dict[str, bytes]  # relative file names, with "/" between folders, to contents


class Target(Protocol):
    """What each module in `TARGETS` offers."""

    def emit(self, tables: Tables) -> Files:
        """The files of these tables; the same tables give the same bytes."""
        ...


def get(name: str) -> Target:
    """The target of that name; ValueError, in one sentence, if there is none."""
    if name not in TARGETS:
        raise ValueError(f"there is no target {name!r}; expected one of {', '.join(TARGETS)}")
    return cast(Target, importlib.import_module(f"iqlut.targets.{name}"))
