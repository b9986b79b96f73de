"""The stored golden vectors: every engine gives them; they are of the models and the arithmetic
that there are.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import iqlut
from iqlut import arithmetic, engines
from iqlut.tables.restoration_tables import tables_at

VECTORS = Path(__file__).parents[1] / "vectors"
INDEX: dict[str, Any] = json.loads((VECTORS / "index.json").read_text(encoding="utf-8"))
ENGINES = [name for name in engines.ENGINES if name != "torch" or importlib.util.find_spec("torch")]


def test_they_are_of_this_arithmetic_and_of_all_models() -> None:
    """Else run scripts/dev/make_vectors.py; an arithmetic that changes needs another version."""
    assert INDEX["arithmetic"] == arithmetic.VERSION
    assert {row["model"] for row in INDEX["outputs"]} == set(iqlut.models())
    for row in INDEX["outputs"]:
        assert (
            tables_at(iqlut.load(row["model"]), row["restore"] or 0).sha256 == row["tables_sha256"]
        ), row["file"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("row", INDEX["outputs"], ids=lambda row: row["file"])
def test_every_engine_gives_the_stored_samples(row: dict[str, Any], engine: str) -> None:
    height, width, scale = INDEX["plane"]["height"], INDEX["plane"]["width"], row["scale"]
    plane = np.frombuffer((VECTORS / INDEX["plane"]["file"]).read_bytes(), np.uint8).reshape(
        height, width
    )
    stored = np.frombuffer((VECTORS / row["file"]).read_bytes(), np.uint8).reshape(
        scale * height, scale * width
    )
    tables = tables_at(iqlut.load(row["model"]), row["restore"] or 0)
    np.testing.assert_array_equal(engines.get(engine).build(tables)(plane), stored)
