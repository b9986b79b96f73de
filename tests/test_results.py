"""The scripts that measure and render results: which rows are shown, and how those of the other path are marked."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import iqlut

SCRIPTS = Path(__file__).parents[1] / "scripts"


def script(name: str) -> ModuleType:
    """A file of scripts/ as a module."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(model: str, path: str, psnr_db: float) -> dict[str, Any]:
    return {"model": model, "dataset": "Set5", "scale": 4, "path": path, "psnr_db": psnr_db}


def test_both_paths_are_measured_where_the_published_ones_are() -> None:
    names = iqlut.models()
    commands = script("measure_results").quality_commands(Path("sets"), names)
    on_rgb = [command[command.index("-m") + 1] for command in commands if command[-2:] == ["--path", "rgb"]]
    assert on_rgb == [name for name in names if iqlut.load(name).scale == 4]
    assert len(commands) == len(names) + len(on_rgb)


def test_an_unknown_measurement_is_refused() -> None:
    with pytest.raises(SystemExit, match="wanted quality or speed"):
        script("measure_results").main(Path("sets"), ["beauty"])


def test_rows_of_the_rgb_path_stand_below_their_own_and_are_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    render = script("render_results")
    meta = {"commit": "c", "tables_sha256": {"ours": "0" * 64}, "table_bytes": {"ours": 1024}, "machine": "m"}
    meta |= {"date": "d", "commands": ["one"]}
    rows = [row("ours", "y", 30.9), row("bicubic", "y", 28.42), row("ours", "rgb", 30.85), row("bicubic", "rgb", 28.41)]
    published = {"meta": {"source": "papers"}, "rows": [{"model": "MuLUT", "path": "rgb", "table_kb": 4, "Set5": 30.6}]}
    monkeypatch.setattr(render, "RESULTS", tmp_path)
    (tmp_path / "published.json").write_text(json.dumps(published))
    (tmp_path / "quality.json").write_text(json.dumps({"meta": meta, "rows": rows}))
    text = render.quality()
    assert text.splitlines()[2:7] == [
        "| **ours** | 1.0 KiB | 30.90 |  |  | measured |",
        "| **ours** | 1.0 KiB | 30.85 |  |  | measured, R, G, B |",
        "| bicubic |  | 28.42 |  |  | measured |",
        "| bicubic |  | 28.41 |  |  | measured, R, G, B |",
        "| MuLUT | 4 KB | 30.60 |  |  | published, R, G, B |",
    ]
    assert render._RGB_NOTE in text
    (tmp_path / "quality.json").write_text(json.dumps({"meta": meta, "rows": rows[:2]}))
    assert "Rows marked R, G, B" in render.quality()  # a published one is marked
