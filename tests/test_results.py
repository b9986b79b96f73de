"""The programs that measure, check and render results: which rows are shown, and how they are
marked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import iqlut
from scripts.measure import engine_figures, quality_and_speed, thread_gains
from scripts.render import (
    quality_tables,
    readme_table,
)
from scripts.shared import result_files


def row(model: str, path: str, psnr_db: float) -> dict[str, Any]:
    return {"model": model, "dataset": "Set5", "scale": 4, "path": path, "psnr_db": psnr_db}


def test_both_paths_are_measured_where_the_published_ones_are() -> None:
    names = iqlut.models()
    commands = quality_and_speed.quality_commands(Path("sets"), names)
    on_rgb = [
        command[command.index("-m") + 1]
        for command in commands
        if command[-2:] == ["--path", "rgb"]
    ]
    assert on_rgb == [name for name in names if iqlut.load(name).scale == 4]
    with_ensemble = [
        (command[command.index("-m") + 1], int(command[-1]))
        for command in commands
        if command[-2] == "--ensemble"
    ]
    expected = [(name, 8 if iqlut.load(name).symmetry < 8 else 16) for name in on_rgb]
    assert with_ensemble == [
        (name, count) for name, count in expected if count == 8 or not iqlut.load(name).negative
    ]  # with all flips and rotations, only the negative changes the result, if it is not built in
    assert len(commands) == len(names) + len(on_rgb) + len(with_ensemble)


def test_an_unknown_measurement_is_refused() -> None:
    with pytest.raises(SystemExit, match="expected quality or speed"):
        quality_and_speed.main(Path("sets"), ["beauty"])


def test_rows_of_the_rgb_path_stand_below_their_own_and_are_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = {
        "origin": {"commit": "c", "cpu": "m", "date": "d"},
        "tables_sha256": {"ours": "0" * 64},
        "table_bytes": {"ours": 1024},
        "commands": ["one"],
    }
    rows = [
        row("ours", "y", 30.9),
        row("bicubic", "y", 28.42),
        row("ours", "rgb", 30.85),
        row("bicubic", "rgb", 28.41),
    ]
    published = {
        "meta": {"source": "papers"},
        "rows": [{"model": "MuLUT", "path": "rgb", "table_kb": 4, "Set5": 30.6}],
    }
    monkeypatch.setattr(result_files, "RESULTS", tmp_path)
    (tmp_path / "published.json").write_text(json.dumps(published))
    (tmp_path / "quality.json").write_text(json.dumps({"meta": meta, "rows": rows}))
    text = quality_tables.quality()
    assert text.splitlines()[2:7] == [
        "| **ours** | 1.0 KiB | 30.90 | measured |",
        "| **ours** | 1.0 KiB | 30.85 | measured, R, G, B |",
        "| bicubic |  | 28.42 | measured |",
        "| bicubic |  | 28.41 | measured, R, G, B |",
        "| MuLUT | 4 KB | 30.60 | published, R, G, B |",
    ]
    assert quality_tables.RGB_NOTE in text
    (tmp_path / "quality.json").write_text(json.dumps({"meta": meta, "rows": rows[:2]}))
    assert "In rows marked R, G, B" in quality_tables.quality()  # a published one is marked


def test_the_summary_has_a_row_for_each_model(monkeypatch: pytest.MonkeyPatch) -> None:
    quality = [
        row("small", "y", 30.5),
        row("large", "y", 31.3),
        row("bicubic", "y", 28.42),
        row("large", "rgb", 31.4),
    ]
    quality += [{**row("large", "y", 31.5), "ensemble": 8}, {**row("twice", "y", 37), "scale": 2}]
    speed = [
        {**timing("native", 15), "model": "large"},
        {**timing("native-rgb", 20), "model": "large"},
    ]
    speed += [timing("espcn", 91), timing("espcn", 55, threads=2)]
    published = [
        {"model": "bicubic", "table_kb": None, "Set5": 28.42},
        {
            "model": "MuLUT",
            "path": "rgb",
            "table_kb": 4062,
            "pillow_ratio": 700,
            "Set5": 30.6,
            "Set14": 27.6,
        },
        {"model": "ESPCN", "table_kb": None, "bench": ["espcn"], "Set5": 30.52},
    ]
    table = readme_table.table(
        quality, {"large": 2048, "small": 1024, "twice": 99}, speed, published
    )
    assert table.splitlines()[2:] == [
        "| **small** | 1.0 KiB |  | 30.50 |  |  | measured |",
        "| **large** | 2.0 KiB | 1.5 | 31.30 |  |  | measured |",
        "| bicubic |  | 1.0 | 28.42 |  |  | measured |",
        "| MuLUT | 4062 KB | about 700 | 30.60 | 27.60 |  | published, R, G, B |",
        "| ESPCN |  | 9.1 | 30.52 |  |  | published |",
    ]


def timing(name: str, ms: float, threads: int = 1) -> dict[str, Any]:
    ours = "l8c8-x4" if name.startswith("native") else ""
    return {
        "name": name,
        "threads": threads,
        "ms": ms,
        "ratio_to_pillow_bicubic": ms / 10,
        "model": ours,
        "scale": 4,
    }


def test_figures_are_told_from_their_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {
        "native": 12,
        "native-rgb": 24,
        "native-avx2": 17,
        "native-avx512": 16,
        "native-avx512vnni": 12,
    }
    rows = [timing(name, ms) for name, ms in names.items()] + [
        timing("ecbsr-m4c16", 48),
        timing("ecbsr-m4c16", 40, 2),
    ]
    rows.append({**timing("native", 1), "model": "l8c8-x2", "scale": 2})
    found = engine_figures.ratios(rows)
    assert [(one["value"], one["limit"]) for one in found] == [
        (1.7, 1.8),
        (1.6, None),
        (1.2, 1.4),
        (0.25, 0.25),
        (2, 1.6),
    ]
    told = [engine_figures.verdict(one).rpartition(" ")[2] for one in found]
    assert told == ["reached", "", "reached", "reached", "MISSED"]
    without = [row for row in rows if row["name"] != "native-avx512vnni"]
    assert [one["limit"] for one in engine_figures.ratios(without)][:2] == [
        1.8,
        1.4,
    ]  # the fastest AVX-512 there is


@pytest.mark.parametrize(
    ("gain", "to_processes", "missed"), [(1.8, 0.9, 0), (1.6, 0.9, 1), (1.6, 0.8, 2)]
)
def test_a_second_thread_is_held_to_what_the_machine_can(
    monkeypatch: pytest.MonkeyPatch, gain: float, to_processes: float, missed: int
) -> None:
    row = {
        "width": 4,
        "height": 4,
        "gain_threads": gain,
        "gain_processes": 2.0,
        "gain_to_processes": to_processes,
    }
    assert (
        sum("MISSED" in engine_figures.verdict(one) for one in engine_figures.threads([row]))
        == missed
    )
    shared = engine_figures.threads(
        [{**row, "gain_processes": 1.3}]
    )  # two processors that share a core
    assert "MISSED" not in engine_figures.verdict(shared[0])


def test_growth_is_the_most_to_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"name": name, "ns_per_px": ns}
        for ns in (2.0, 2.5, 2.2)
        for name in (engine_figures.LUMA, engine_figures.RGB)
    ]
    found = engine_figures.growths(rows, "memory kept", 1.15)
    assert [(one["value"], engine_figures.verdict(one)) for one in found] == [
        (1.25, "at most 1.15: MISSED")
    ] * 2


def test_a_busy_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([(100, 50), (200, 70)])
    monkeypatch.setattr(engine_figures, "_ticks", lambda: next(ticks))
    monkeypatch.setattr(engine_figures, "_QUIET_SECONDS", 0)
    monkeypatch.setattr(engine_figures.Path, "exists", lambda self: True)
    with pytest.raises(SystemExit, match="something else keeps 80% of the processors busy"):
        engine_figures.main(though_busy=False)


def test_two_threads_are_timed_beside_two_processes() -> None:
    row = thread_gains.gains(24, 16, rounds=2, seconds=0.01)
    assert row["rounds"] == 2 and min(row[key] for key in row if key.startswith("gain")) > 0
