"""Kills commands at random moments, runs them again, and compares what is there in the end.

    python -m scripts.attack.kills [--trials 300] [--seed 1] [--kinds picture ...] [--results]

A trial starts a command, kills it with SIGKILL at a random moment of its duration, up to three
times in a row, and lets it run to its end. Wrong are a file of the output that is neither absent
nor complete after a kill, an exit code other than 0 at the end, and an output that differs from
that of a run that nobody disturbed, be it by a file that was left over.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.attack import trials, workloads
from scripts.attack.trials import Trial, Trials
from scripts.attack.workloads import WORKLOADS, Contents, Workload
from scripts.shared.result_files import Row

_KILLS_MAX = 3


@dataclass(frozen=True)
class Undisturbed:
    """A folder with the input of a workload, what a whole run makes of it, and in which time."""

    source: Path
    expected: Contents
    elapsed_s: float


# What a trial does, given the workload, its undisturbed run, a new folder and its random numbers.
# Returns what was wrong, or "".
Attempt = Callable[[Workload, Undisturbed, Path, random.Random], str]


def undisturbed(workload: Workload, folder: Path) -> Undisturbed:
    """Prepare a workload, and run it once in a copy of its folder."""
    source, copy = folder / "source", folder / "whole"
    source.mkdir(parents=True)
    workload.prepare(source)
    shutil.copytree(source, copy)
    start = time.monotonic()
    code = workloads.run(workload.arguments, copy, folder / "said")
    elapsed_s = time.monotonic() - start
    if code != 0:
        raise RuntimeError(f"exit code {code}: {(folder / 'said').read_text()}")
    return Undisturbed(source, workloads.contents(copy, workload.digest), elapsed_s)


def kill_and_repeat(
    workload: Workload, whole: Undisturbed, folder: Path, chance: random.Random
) -> str:
    """Run one trial in a new folder, and return what was wrong, or ""."""
    shutil.copytree(whole.source, folder)
    said = folder.parent / "said"
    said.unlink(missing_ok=True)
    arguments = workload.arguments
    for _ in range(chance.randint(1, _KILLS_MAX)):
        process = workloads.start(arguments, folder, said)
        time.sleep(whole.elapsed_s * chance.random())
        os.kill(process, signal.SIGKILL)
        if workloads.end_of(process) not in (0, -signal.SIGKILL):
            return f"a run that was killed later failed: {said.read_text()[-500:]}"
        for name in () if workload.resumes else whole.expected:
            if (folder / name).exists() and workload.digest(folder / name) != whole.expected[name]:
                return f"{name} was there after a kill, but was not complete"
        arguments = workload.again(folder)
    code = workloads.run(arguments, folder, said)
    if code != 0:
        return f"the last run ended with {code}: {said.read_text()[-500:]}"
    found = workloads.contents(folder, workload.digest)
    if found != whole.expected:
        different = sorted(set(found.items()) ^ set(whole.expected.items()))
        return f"the output differs: {different}"
    return ""


def run_trials(
    found: Trials, kinds: Sequence[str], given: argparse.Namespace, attempt: Attempt
) -> None:
    """Run the trials that are missing, the same number of each kind of workload."""
    with tempfile.TemporaryDirectory() as name:
        for index, kind in enumerate(kinds):
            numbers = range(index, given.trials, len(kinds))
            names = list(found.missing(f"{kind} {number}" for number in numbers))
            if not names:
                continue
            folder, workload = Path(name) / kind, WORKLOADS[kind]
            whole = undisturbed(workload, folder)
            for trial in names:
                chance = random.Random(f"{given.seed} {trial}")
                problem = attempt(workload, whole, folder / "trial", chance)
                shutil.rmtree(folder / "trial")
                found.add(trial, Trial(problem))


def main(arguments: Sequence[str] | None = None, measured_from: Row | None = None) -> int:
    """Run the command; the origin is that of now, unless one is given."""
    parser = trials.parser("kills", __doc__)
    parser.add_argument("--kinds", nargs="+", default=list(WORKLOADS), choices=list(WORKLOADS))
    given = parser.parse_args(arguments)
    found = Trials("kills", given, measured_from)
    run_trials(found, given.kinds, given, kill_and_repeat)
    kinds = " and ".join(filter(None, [", ".join(given.kinds[:-1]), given.kinds[-1]]))
    return found.report(f"kills of {kinds}, each followed by a whole run")


if __name__ == "__main__":
    sys.exit(main())
