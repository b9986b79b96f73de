"""The scripts that measure and render results: which rows are shown, and how those of the other path are marked."""

from __future__ import annotations

import importlib.util
import json
import sys
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

import iqlut

SCRIPTS = Path(__file__).parents[1] / "scripts"


def script(name: str) -> ModuleType:
    """A file of scripts/ as a module."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(
        spec
    )  # where dataclasses look for their types
    spec.loader.exec_module(module)
    return module


def row(model: str, path: str, psnr_db: float) -> dict[str, Any]:
    return {"model": model, "dataset": "Set5", "scale": 4, "path": path, "psnr_db": psnr_db}


def test_both_paths_are_measured_where_the_published_ones_are() -> None:
    names = iqlut.models()
    commands = script("measure_results").quality_commands(Path("sets"), names)
    on_rgb = [
        command[command.index("-m") + 1]
        for command in commands
        if command[-2:] == ["--path", "rgb"]
    ]
    assert on_rgb == [name for name in names if iqlut.load(name).scale == 4]
    flip_rotate = [
        command[command.index("-m") + 1]
        for command in commands
        if command[-2:] == ["--ensemble", "8"]
    ]
    assert flip_rotate == [
        name for name in on_rgb if iqlut.load(name).symmetry < 8
    ]  # nothing turns for the others
    assert len(commands) == len(names) + len(on_rgb) + len(flip_rotate)


def test_an_unknown_measurement_is_refused() -> None:
    with pytest.raises(SystemExit, match="expected quality or speed"):
        script("measure_results").main(Path("sets"), ["beauty"])


def test_rows_of_the_rgb_path_stand_below_their_own_and_are_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    render = script("render_results")
    meta = {
        "commit": "c",
        "tables_sha256": {"ours": "0" * 64},
        "table_bytes": {"ours": 1024},
        "machine": "m",
    }
    meta |= {"date": "d", "commands": ["one"]}
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
    monkeypatch.setattr(render, "RESULTS", tmp_path)
    (tmp_path / "published.json").write_text(json.dumps(published))
    (tmp_path / "quality.json").write_text(json.dumps({"meta": meta, "rows": rows}))
    text = render.quality()
    assert text.splitlines()[2:7] == [
        "| **ours** | 1.0 KiB | 30.90 | measured |",
        "| **ours** | 1.0 KiB | 30.85 | measured, R, G, B |",
        "| bicubic |  | 28.42 | measured |",
        "| bicubic |  | 28.41 | measured, R, G, B |",
        "| MuLUT | 4 KB | 30.60 | published, R, G, B |",
    ]
    assert render._RGB_NOTE in text
    (tmp_path / "quality.json").write_text(json.dumps({"meta": meta, "rows": rows[:2]}))
    assert "Rows marked R, G, B" in render.quality()  # a published one is marked


def test_the_summary_has_a_row_for_each_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
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
    table = script("render_summary").table(
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
    monkeypatch.syspath_prepend(str(SCRIPTS))
    measure = script("measure_figures")
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
    found = measure.ratios(rows)
    assert [(one["value"], one["limit"]) for one in found] == [
        (1.7, 1.8),
        (1.6, None),
        (1.2, 1.4),
        (0.25, 0.25),
        (2, 1.6),
    ]
    told = [measure.verdict(one).rpartition(" ")[2] for one in found]
    assert told == ["reached", "", "reached", "reached", "MISSED"]
    without = [row for row in rows if row["name"] != "native-avx512vnni"]
    assert [one["limit"] for one in measure.ratios(without)][:2] == [
        1.8,
        1.4,
    ]  # the fastest AVX-512 there is


@pytest.mark.parametrize(
    ("gain", "to_processes", "missed"), [(1.8, 0.9, 0), (1.6, 0.9, 1), (1.6, 0.8, 2)]
)
def test_a_second_thread_is_held_to_what_the_machine_can(
    monkeypatch: pytest.MonkeyPatch, gain: float, to_processes: float, missed: int
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    measure = script("measure_figures")
    row = {
        "width": 4,
        "height": 4,
        "gain_threads": gain,
        "gain_processes": 2.0,
        "gain_to_processes": to_processes,
    }
    assert sum("MISSED" in measure.verdict(one) for one in measure.threads([row])) == missed
    shared = measure.threads(
        [{**row, "gain_processes": 1.3}]
    )  # two processors that are halves of one core
    assert "MISSED" not in measure.verdict(shared[0])


def test_growth_is_the_most_to_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    measure = script("measure_figures")
    rows = [
        {"name": name, "ns_per_px": ns}
        for ns in (2.0, 2.5, 2.2)
        for name in (measure.LUMA, measure.RGB)
    ]
    found = measure.growths(rows, "memory kept", 1.15)
    assert [(one["value"], measure.verdict(one)) for one in found] == [
        (1.25, "at most 1.15: MISSED")
    ] * 2


def test_a_busy_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    measure = script("measure_figures")
    ticks = iter([(100, 50), (200, 70)])
    monkeypatch.setattr(measure, "_ticks", lambda: next(ticks))
    monkeypatch.setattr(measure, "_QUIET_SECONDS", 0)
    monkeypatch.setattr(measure.Path, "exists", lambda self: True)
    with pytest.raises(SystemExit, match="something else keeps 80% of the processors busy"):
        measure.main(though_busy=False)


def test_two_threads_are_timed_beside_two_processes() -> None:
    row = script("measure_threads").gains(24, 16, rounds=2, seconds=0.01)
    assert row["rounds"] == 2 and min(row[key] for key in row if key.startswith("gain")) > 0


def test_the_plot_is_drawn_twice_and_no_word_covers_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    plot = script("plot_results")
    names = {"pillow-bicubic": 10, "opencv-bicubic": 0.9, "native": 14}
    names |= {"ecbsr-m4c16": 58, "espcn": 64, "sesr-m5": 79, "fsrcnn": 122}
    timings = [timing(name, ms) for name, ms in names.items()]
    files = {"speed.json": timings, "quality.json": [row("l8c8-x4", "y", 30.9)]}
    published = json.loads((SCRIPTS.parent / "results" / "published.json").read_text())["rows"]
    monkeypatch.setattr(plot, "load", lambda name: {"rows": files.get(name, published)})
    plot.main(tmp_path)
    svg, points = (tmp_path / "quality_time.svg").read_text(), plot.points()
    assert len(points) >= len(names) and all(f">{point.name}</text>" in svg for point in points)
    drawing = script("drawing")
    with Image.open(tmp_path / "quality_time.png") as image:
        assert image.size == (2 * drawing.WIDTH, 2 * drawing.HEIGHT)
    dots = [
        drawing.Named(point.name, 100.0 + 50 * n, 300.0, 4.5) for n, point in enumerate(points)
    ]  # close
    boxes = [
        (x, y - 7, x + drawing.width_of(dot.name, dot.size), y + 7)
        for dot, (x, y) in zip(dots, drawing.labels(dots), strict=True)
    ]
    assert not any(drawing.meet(one, other) for one, other in combinations(boxes, 2))


def test_a_learning_curve_goes_through_all_stages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    learning = script("learning")
    stages = {
        "small-first": ("small", ""),
        "small": ("small", 'start = "checkpoints/small-first.pt"'),
        "large": ("large", 'start = "checkpoints/small.pt"'),
    }
    for stage, (name, start) in stages.items():
        config = (
            f'name = "{name}"\n[train]\nbatch = 4\npatch = 50\n{start}\n'  # 10,000 pixels a step
        )
        (tmp_path / f"{stage}.toml").write_text(config)
        rows = [{"step": 100, "seconds": 60}, {"step": 200, "seconds": 30, "psnr_db": 28.0}]
        (tmp_path / f"{stage}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setattr(learning, "LOGS", tmp_path)
    monkeypatch.setattr(learning, "CONFIGS", tmp_path)
    small, large = learning.curve("small"), learning.curve("large")
    assert (small.start, small.steps, large.start, large.steps) == ("", (200, 200), "small", (200,))
    assert [(seen.megapixels, seen.minutes) for seen in small.points] == [(2, 1.5), (4, 3)]
    assert [(seen.megapixels, seen.minutes) for seen in large.points] == [
        (4, 3),
        (6, 4.5),
    ]  # from where it begins
