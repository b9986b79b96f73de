"""The programs that measure, check and render results: which rows are shown, and how they are marked."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from PIL import Image

import iqlut
from iqlut import arithmetic
from scripts.measure import engine_figures, quality_and_speed, thread_gains
from scripts.render import (
    check_results,
    documents,
    plot_learning,
    plot_quality,
    quality_tables,
    readme_table,
)
from scripts.shared import learning_curves, plot_style, result_files


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
        command[command.index("-m") + 1]
        for command in commands
        if command[-2:] == ["--ensemble", "8"]
    ]
    assert with_ensemble == [
        name for name in on_rgb if iqlut.load(name).symmetry < 8
    ]  # the others have the same result for every flip and rotation
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
    assert "Rows marked R, G, B" in quality_tables.quality()  # a published one is marked


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


def boxes(figure: Figure) -> list[list[Any]]:
    """Return the boxes of the names in each panel of a plot."""
    renderer = plot_style.FigureCanvasAgg(figure).get_renderer()
    return [[text.get_window_extent(renderer) for text in axes.texts] for axes in figure.axes]


@pytest.mark.parametrize(
    "draw", [lambda: plot_quality.draw(plot_quality.methods()), plot_learning.draw]
)
def test_no_name_in_a_plot_covers_another(draw: Any) -> None:
    panels = boxes(draw())
    assert all(panels)
    for panel in panels:
        assert not any(one.overlaps(other) for one, other in combinations(panel, 2))


def test_every_published_model_is_in_the_plot() -> None:
    names = {one.name.partition(" (")[0] for one in plot_quality.methods()}
    assert {row["model"] for row in result_files.load("published")["rows"]} <= names
    of_the_paper = [one for one in plot_quality.methods() if one.kind == "paper"]
    timed = {one.name for one in of_the_paper if one.ratio}
    assert timed == {"IQ-L8C8", "IQ-L12C8", "IQ-L8C16"} and len(of_the_paper) == 4


@pytest.mark.parametrize(
    ("module", "name"), [(plot_quality, "quality"), (plot_learning, "learning")]
)
def test_a_plot_is_the_same_bytes_each_time(module: Any, name: str, tmp_path: Path) -> None:
    files = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        module.main(folder)
        files.append([(folder / f"{name}.{ending}").read_bytes() for ending in ("svg", "png")])
    assert files[0] == files[1]
    text = files[0][0].decode()
    assert "iqlut-5k-x4" in text and not re.search(r"<dc:date>|matplotlib.org/ ?v", text)
    with Image.open(tmp_path / "first" / f"{name}.png") as picture:
        assert min(picture.size) > 600


def test_a_learning_curve_goes_through_all_stages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    monkeypatch.setattr(learning_curves, "LOGS", tmp_path)
    monkeypatch.setattr(learning_curves, "CONFIGS", tmp_path)
    small, large = learning_curves.curve("small"), learning_curves.curve("large")
    assert (small.start, small.steps, large.start, large.steps) == ("", (200, 200), "small", (200,))
    assert [(seen.megapixels, seen.minutes) for seen in small.points] == [(2, 1.5), (4, 3)]
    assert [(seen.megapixels, seen.minutes) for seen in large.points] == [
        (4, 3),
        (6, 4.5),
    ]  # from where it begins


ORIGIN = {
    "commit": "c",
    "arithmetic": arithmetic.VERSION,
    "cpu": "p",
    "threads": 1,
    "date": "2099-01-01",
}


def of_videos(**changes: Any) -> list[dict[str, Any]]:
    """Return the contents of a results file of one row, with some fields of its origin changed."""
    tables = iqlut.load("l8c8-x4")
    origin = {**ORIGIN, **{key: value for key, value in changes.items() if key in ORIGIN}}
    row = {"model": tables.name, "tables_sha256": tables.sha256, "origin": origin}
    return [row | {key: value for key, value in changes.items() if key not in ORIGIN}]


def problems(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, contents: Any) -> list[str]:
    """Return what the check says of one results file, when there is no other."""
    monkeypatch.setattr(result_files, "RESULTS", folder)
    monkeypatch.setattr(check_results, "RESULTS_FILES", {name: check_results.RESULTS_FILES[name]})
    (folder / f"{name}.json").write_text(json.dumps(contents))
    return check_results.stale_files()


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (of_videos(), ""),
        (of_videos(commit="abc-dirty"), "uncommitted changes"),
        (of_videos(arithmetic=0), "version 0 of the arithmetic"),
        (of_videos(tables_sha256="0"), "other tables than the shipped l8c8-x4"),
        (of_videos(model="gone"), "gone, which is not shipped"),
        (of_videos(origin={}), "does not state commit, arithmetic, cpu, threads, date"),
        ([], "no rows"),
    ],
)
def test_a_stale_file_is_named_with_the_command_that_renews_it(
    contents: Any, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = problems(monkeypatch, tmp_path, "videos", contents)
    assert bool(found) == bool(said)
    for sentence in found:
        assert said in sentence and sentence.startswith("results/videos.json is stale: ")
        assert sentence.endswith("; run python -m scripts.measure.video_speed 6 CLIP --results")


def test_a_shipped_model_without_its_row_makes_a_file_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = {name: iqlut.load(name).sha256 for name in iqlut.models()}
    rows = [{"model": name} for name in shipped]
    contents = {"meta": {"origin": ORIGIN, "tables_sha256": shipped}, "rows": rows}
    assert problems(monkeypatch, tmp_path, "quality", contents) == []
    without_row = contents | {"rows": rows[1:]}
    (sentence,) = problems(monkeypatch, tmp_path, "quality", without_row)
    assert f"no row of the shipped model {rows[0]['model']}" in sentence
    fewer = dict(list(shipped.items())[1:])
    (sentence,) = problems(
        monkeypatch,
        tmp_path,
        "quality",
        contents | {"meta": {"origin": ORIGIN, "tables_sha256": fewer}},
    )
    assert "was not measured on the shipped model" in sentence and sentence.endswith("make results")


def test_a_results_file_that_nobody_checks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stray.json").write_text("[]")
    (sentence,) = problems(monkeypatch, tmp_path, "videos", of_videos())
    assert sentence.startswith("results/stray.json has no entry in RESULTS_FILES")


@pytest.mark.parametrize("name", ["ablations", "trials", "damage_versions"])
def test_runs_of_another_configuration_are_stale(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = result_files.load_rows(name)
    assert problems(monkeypatch, tmp_path, name, rows) == []
    (sentence,) = problems(monkeypatch, tmp_path, name, [rows[0] | {"config_sha256": "0"}])
    assert "was measured with another configuration" in sentence


def commits_of(contents: Any) -> Sequence[tuple[str, str]]:
    """Return commit and date of every origin in a results file."""
    stated = contents if isinstance(contents, list) else [contents["meta"]]
    return [(one["origin"]["commit"], one["origin"]["date"]) for one in stated]


@pytest.mark.parametrize(
    "name", [name for name in check_results.RESULTS_FILES if name != "published"]
)
def test_no_result_is_of_a_dirty_commit(name: str) -> None:
    """Except short training runs up to a date; see `DIRTY_UNTIL`."""
    path = result_files.RESULTS / f"{name}.json"
    for commit, date in commits_of(json.loads(path.read_text())):
        allowed = date <= check_results.DIRTY_UNTIL.get(name, "")
        assert allowed or not commit.endswith("-dirty"), f"{path.name}: {commit}"


@pytest.mark.parametrize("model", iqlut.models())
def test_no_shipped_model_is_of_a_dirty_commit(model: str) -> None:
    commit = iqlut.load(model).about["commit"]
    assert commit and not commit.endswith("-dirty")


def test_every_results_file_is_shown_in_its_documents() -> None:
    """Each document that a file is shown in has a rendered passage."""
    rendered = {name for name, _ in documents.texts()}
    for file in check_results.RESULTS_FILES.values():
        assert set(file.shown_in) <= rendered
