"""Makes `vectors/`: stored inputs and outputs that every engine, in every language, must reproduce
(vectors/README.md).

    PYTHONPATH=tests python -m scripts.dev.make_vectors

What exists stays where its tables are the same. An output of the same tables that would change is
refused: then the arithmetic has changed, and `arithmetic.VERSION` must too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import iqlut
from iqlut import arithmetic
from iqlut.engines import reference
from iqlut.tables.restoration_tables import RestorationTables

VECTORS = Path(__file__).parents[2] / "vectors"
INDEX, PLANE, EDGE = "index.json", "plane.bin", "edge.bin"
HEIGHT, WIDTH = 18, 24
STRENGTHS = (0.0, 0.5, 1.75, 3.0)  # of models that have them: sets of their own, and blends
EDGE_CASES = 14


def main() -> None:
    from check_cases import case

    VECTORS.mkdir(exist_ok=True)
    before = _index()
    plane = _plane()
    (VECTORS / PLANE).write_bytes(plane.tobytes())
    outputs = [row for name in iqlut.models() for row in _outputs(name, plane, before)]
    edge = VECTORS / EDGE
    if before.get("arithmetic") != arithmetic.VERSION or not edge.exists():
        edge.write_bytes(b"".join(case(seed) for seed in _small_seeds()))
    kept = {row["file"] for row in outputs} | {INDEX, PLANE, EDGE, "README.md"}
    for stray in VECTORS.iterdir():
        if stray.name not in kept:
            stray.unlink()
    about = {
        "arithmetic": arithmetic.VERSION,
        "plane": {"file": PLANE, "height": HEIGHT, "width": WIDTH},
    }
    lines = ",\n  ".join(json.dumps(row) for row in outputs)
    (VECTORS / INDEX).write_text(
        f'{json.dumps(about)[:-1]},\n "outputs": [\n  {lines}\n ]}}\n', encoding="utf-8"
    )


def _index() -> dict[str, Any]:
    path = VECTORS / INDEX
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _plane() -> np.ndarray:
    """A slope, an edge, a line and noise, black and white among them: uint8 (HEIGHT, WIDTH)."""
    rng = np.random.default_rng(1)
    plane = np.linspace(0, 255, WIDTH)[None] + np.zeros((HEIGHT, 1))
    plane[:, 14:] = 255 - plane[:, 14:]
    plane[9] = 30
    plane[12:] = rng.integers(0, 256, (HEIGHT - 12, WIDTH))
    plane[0, :3], plane[1, :3] = 0, 255
    return plane.round().astype(np.uint8)


def _outputs(name: str, plane: np.ndarray, before: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each output of a model; the outputs are written."""
    model, rows = iqlut.load(name), []
    known = {row["file"]: row for row in before.get("outputs", ())}
    for strength in STRENGTHS if isinstance(model, RestorationTables) else (None,):
        tables = (
            model
            if strength is None or not isinstance(model, RestorationTables)
            else model.at(strength)
        )
        assert not isinstance(tables, RestorationTables)
        file = f"{name}.bin" if strength is None else f"{name}-restore-{strength:g}.bin"
        row = {
            "file": file,
            "model": name,
            "restore": strength,
            "scale": tables.scale,
            "tables_sha256": tables.sha256,
        }
        data = reference.build(tables)(plane).tobytes()
        same = before.get("arithmetic") == arithmetic.VERSION and known.get(file) == row
        if same and (VECTORS / file).read_bytes() != data:
            sys.exit(
                f"{file} would change though its tables did not; if that is meant, raise "
                "arithmetic.VERSION"
            )
        (VECTORS / file).write_bytes(data)
        rows.append(row)
    return rows


def _small_seeds() -> list[int]:
    """Cases of tests/check_cases.py of few channels, all scales, kernels, colours and sizes among
    them.
    """
    return [seed for seed in range(200) if (1, 3, 8, 11, 16)[seed % 5] < 11][:EDGE_CASES]


if __name__ == "__main__":
    main()
