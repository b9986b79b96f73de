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

from scripts.attack import kills, outcomes, samples, two_runs, workloads
from scripts.attack.workloads import WORKLOADS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
forking = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
QUICK = [kind for kind in ("picture", "folder", "video") if kind in WORKLOADS]


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
    compared, differing = samples.compare(2e5, 1)
    assert compared >= 2e5 and differing == 0


def test_samples_that_differ_are_counted(monkeypatch):
    monkeypatch.setattr(samples, "upscalers", lambda *_: [lambda plane: np.int32(300)])
    compared, differing = samples.compare(1, 1)
    assert differing == compared > 0


def test_an_outcome_is_kept(tmp_path, monkeypatch, capsys):
    kept = []
    monkeypatch.setattr(outcomes.result_files, "keep_row", lambda *row: kept.append(row))
    given = argparse.Namespace(results=True)
    outcome = outcomes.Outcome("kills", "kills of a test", 7, 1)
    assert outcomes.report(outcome, given, {"commit": "a"}) == 1
    assert json.loads(capsys.readouterr().out)["trials"] == 7
    ((name, row),) = kept
    assert (name, row["runner"], row["wrong"]) == ("attacks", "kills", 1)
    assert row["command"].endswith("scripts.attack.kills --results")
