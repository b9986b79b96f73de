"""What the programs of this folder report: a line of JSON, and a row of results/attacks.json."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass

from scripts.shared import result_files
from scripts.shared.result_files import Row

FILE = "attacks"
# The modules that attack. Those that fork come first, as the fork of a process in which a library
# has started threads may hang.
RUNNERS = ("kills", "two_runs", "damaged_files", "refusals", "interrupts", "samples")


@dataclass(frozen=True)
class Outcome:
    """What an attack found.

    runner  the module of this folder that ran it, one of RUNNERS
    attack  what was done, as the table in SECURITY.md says it
    trials  how often
    wrong   how many trials ended in a way that must not be
    worst   the largest of what was measured in any trial, with its unit; "" if nothing was
    """

    runner: str
    attack: str
    trials: int
    wrong: int
    worst: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the argument that `report` obeys."""
    parser.add_argument("--results", action="store_true", help="also write results/attacks.json")


def report(outcome: Outcome, given: argparse.Namespace, measured_from: Row) -> int:
    """Print an outcome, and keep it with --results. Returns the exit code: 1 if any was wrong.

    `measured_from` is the origin, taken before anything was written.
    """
    print(json.dumps(asdict(outcome)), flush=True)
    if given.results:
        command = f"python -m scripts.attack.{outcome.runner} --results"
        row = {"command": command, **asdict(outcome), "origin": measured_from}
        result_files.keep_row(FILE, row)
    return int(outcome.wrong > 0)
