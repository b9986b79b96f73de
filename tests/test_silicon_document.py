"""The sizes that docs/silicon.md shows of a model of which some modules were measured."""

from __future__ import annotations

import iqlut
from scripts.render.silicon_forms import FORMS
from scripts.render.silicon_modules import module_sizes
from scripts.shared import synthesis


def l8c8() -> iqlut.Tables:
    tables = iqlut.load("l8c8-x4")
    assert isinstance(tables, iqlut.Tables)
    return tables


def row(module: str, **cells: int) -> dict:
    return {"module": module, "cells": cells}


def test_modules_that_are_alike_are_estimated_by_their_mean():
    rows = [row("layer1", LUT6=100, FDRE=3), row("layer7", LUT2=50, FDRE=4), row("layer8", LUT6=7)]
    found = module_sizes(l8c8(), rows, FORMS["xcup"])
    assert found.measured["layer7"] == (50, 4, 0, 0)
    assert found.estimated == {f"layer{n}": (75, 3.5, 0, 0) for n in range(2, 7)}
    assert found.unknown == ("layer0", "frame", "shuffle", "luma_window")


def test_a_model_that_was_measured_whole_has_no_estimates():
    rows = [row(name, SRL16E=2, RAMB18E2=1) for name in synthesis.modules(l8c8())]
    found = module_sizes(l8c8(), rows, FORMS["xcup"])
    assert not found.estimated and not found.unknown
    assert found.together() == [24, 0, 0, 6]


def test_gates_of_tables_are_apart():
    one = row("layer1", NAND2=5) | {"cells_of_tables": {"NAND2": 3, "ZERO": 1}, "table_bits": 48}
    assert FORMS["gates"].sizes(one) == (8, 5, 3, 48, 0)
