"""The runners of kills, simultaneous runs and random tables, with few trials."""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from dataclasses import replace

import numpy as np
import pytest

from iqlut import engines
from scripts.attack import kills, samples, seed_files, trials, two_runs, workloads
from scripts.attack.trials import Trial, Trials
from scripts.attack.workloads import WORKLOADS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
forking = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
QUICK = [kind for kind in ("picture", "folder", "video", "convert") if kind in WORKLOADS]


@forking
@pytest.mark.parametrize("kind", QUICK)
def test_killed_commands_lose_nothing(kind, tmp_path):
    chance, workload = random.Random(1), WORKLOADS[kind]
    whole = kills.undisturbed(workload, tmp_path / kind)
    for trial in range(2):
        assert kills.kill_and_repeat(workload, whole, tmp_path / f"{trial}" / "a", chance) == ""


@forking
@pytest.mark.slow
def test_killed_training_loses_nothing(tmp_path):
    pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")
    chance, workload = random.Random(2), WORKLOADS["training"]
    whole = kills.undisturbed(workload, tmp_path / "training")
    assert kills.kill_and_repeat(workload, whole, tmp_path / "0" / "a", chance) == ""


@forking
@pytest.mark.parametrize("kind", two_runs.KINDS)
def test_two_runs_at_once_are_one(kind, tmp_path):
    chance, workload = random.Random(3), WORKLOADS[kind]
    whole = kills.undisturbed(workload, tmp_path / kind)
    for trial in range(2):
        assert two_runs.run_twice(workload, whole, tmp_path / f"{trial}" / "a", chance) == ""


@forking
def test_what_a_kill_spoils_is_found(tmp_path):
    """With another result expected, and with a command that fails."""
    workload, chance = WORKLOADS["picture"], random.Random(4)
    whole = kills.undisturbed(workload, tmp_path / "picture")
    other = replace(whole, expected={**whole.expected, "out/lost.png": "0"})
    assert "differs" in kills.kill_and_repeat(workload, other, tmp_path / "0" / "a", chance)
    broken = replace(workload, arguments=("upscale", "nothing.png"), added=())
    found = kills.kill_and_repeat(broken, whole, tmp_path / "1" / "a", chance)
    assert "failed" in found or "ended with" in found


@forking
def test_a_command_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(workloads.cli, "main", lambda _: time.sleep(60))
    monkeypatch.setattr(workloads, "_HANG_S", 0.2)
    assert workloads.run((), tmp_path, tmp_path / "said") is None


def test_samples_of_random_tables_are_equal():
    trial = samples.compare("1 0")
    assert trial.problem == "" and trial.count > 1e5


def test_samples_that_differ_are_counted(monkeypatch):
    monkeypatch.setattr(samples, "results", lambda *_: [np.int32(300)])
    trial = samples.compare("1 0")
    assert trial.wrong == trial.count > 0 and f"{trial.count} samples" in trial.problem


def test_strips_are_joined_to_the_whole():
    """With each strip of a single row, and with one strip."""
    tables, plane = seed_files.tables(), np.arange(70, dtype=np.uint8).reshape(10, 7)
    upscale = engines.get("reference").build(tables)
    for rows in (1, 3, 10):
        np.testing.assert_array_equal(
            samples.in_strips(upscale, tables, plane, rows), upscale(plane)
        )


def given(**changes: object) -> argparse.Namespace:
    return argparse.Namespace(**{"results": True, "trials": 3, "seed": 1} | changes)


@pytest.fixture
def kept(tmp_path, monkeypatch) -> list[tuple[str, dict]]:
    """The rows that are written to results, which stay as they are."""
    rows: list[tuple[str, dict]] = []
    monkeypatch.setattr(trials.result_files, "keep_row", lambda *row: rows.append(row))
    monkeypatch.setattr(trials, "_JOURNALS", tmp_path)
    return rows


def test_an_outcome_is_kept(kept, capsys):
    found = Trials("kills", given(), {"commit": "a"})
    found.add("b 0", Trial(count=6))
    found.add("b 1", Trial("it was lost"))
    assert found.report("kills of a test") == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["trials"] == 7 and "b 1: it was lost" in printed.err
    ((name, row),) = kept
    assert (name, row["runner"], row["wrong"]) == ("attacks", "kills", 1)
    assert row["command"].endswith("scripts.attack.kills --results")


def test_an_interrupted_run_goes_on(kept, tmp_path):
    """Also after a kill in the middle of a line; not with changes, another seed or commit."""
    first = Trials("kills", given(), {"commit": "a"})
    first.add("b 0", Trial("it was lost", {"end_s": 2.5}))
    with (tmp_path / "a" / "kills-1.jsonl").open("a") as file:
        file.write('{"name": "b 1", "prob')
    second = Trials("kills", given(), {"commit": "a"})
    assert list(second.missing(["b 0", "b 1"])) == ["b 1"]
    second.add("b 1", Trial(figures={"end_s": 0.5}))
    third = Trials("kills", given(), {"commit": "a"})
    assert (third.count, third.wrong, third.figures("end_s")) == (2, 1, [2.5, 0.5])
    for other in (
        Trials("kills", given(seed=2), {"commit": "a"}),
        Trials("kills", given(), {"commit": "b"}),
        Trials("kills", given(), {"commit": "a-dirty"}),
        Trials("kills", given(results=False), {"commit": "a"}),
    ):
        assert other.count == 0 and other.figures("end_s") == [0.0]


def test_the_same_numbers_come_again(monkeypatch):
    """A trial depends on its name and the seed, not on those before it."""
    monkeypatch.setattr(kills, "undisturbed", lambda *_: None)
    drawn: dict[str, list[float]] = {"all": [], "last": []}
    for name, names in (("all", ["convert 0", "convert 1"]), ("last", ["convert 1"])):
        found = Trials("kills", given(results=False, trials=2), {"commit": "a"})
        monkeypatch.setattr(found, "missing", lambda _, names=names: names)

        def attempt(*arguments, name=name):
            arguments[2].mkdir(parents=True)
            drawn[name].append(arguments[3].random())
            return ""

        kills.run_trials(found, list(WORKLOADS)[:1], given(trials=2), attempt)
    assert drawn["last"] == drawn["all"][1:] and len(set(drawn["all"])) == 2
