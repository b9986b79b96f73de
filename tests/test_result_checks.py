"""The check that results/*.json and the shipped models describe what they claim to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import iqlut
from iqlut import arithmetic
from scripts.render import check_results, documents
from scripts.shared import result_files

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
        assert sentence.endswith(
            "; run python -m scripts.measure.video_speed 6 CLIP --model NAME --results"
        )


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


def test_a_module_of_another_circuit_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = result_files.load_rows("silicon")[0]
    assert problems(monkeypatch, tmp_path, "silicon", [row]) == []
    for changes in ({"circuit_sha256": "0"}, {"module": "gone"}):
        (sentence,) = problems(monkeypatch, tmp_path, "silicon", [row | changes])
        assert "was measured on another circuit" in sentence and sentence.endswith("make silicon")


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
