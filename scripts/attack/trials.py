"""The trials of an attack: counted, shown while they run, and continued after an interruption.

Each trial has a name that, with the seed, decides all that is random in it. With `--results`, what
it found is kept at once in a file of build/attack/ that belongs to the commit, so that the same
command goes on where it was interrupted, and a greater number of trials adds to a smaller one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scripts.attack.outcomes import ASKED, FILE, Outcome
from scripts.shared import result_files
from scripts.shared.result_files import Row

_JOURNALS = result_files.ROOT / "build" / "attack"
_NARRATED_EVERY_S = 30.0
_SHOWN_CHARACTERS = 2000  # of what was wrong


@dataclass(frozen=True)
class Trial:
    """What one trial found.

    problem  what must not be, or ""
    figures  what was measured, each by a name that ends in its unit
    count    how many of the trials that the page counts it was
    wrong    how many of these were wrong, if there was a problem
    """

    problem: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    count: int = 1
    wrong: int = 1


def parser(runner: str, description: str | None) -> argparse.ArgumentParser:
    """The parser of a runner, with the arguments that all of them have."""
    made = argparse.ArgumentParser(description=description)
    if ASKED[runner]:
        made.add_argument("--trials", type=int, default=ASKED[runner])
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--results", action="store_true", help="also write results/attacks.json")
    return made


class Trials:
    """The trials of a runner. `measured_from` is the origin, taken before anything was written."""

    def __init__(
        self, runner: str, given: argparse.Namespace, measured_from: Row | None = None
    ) -> None:
        self._runner, self._results = runner, given.results
        self._asked: int | None = getattr(given, "trials", None)
        self._origin = measured_from or result_files.origin()
        self._found: dict[str, Trial] = {}
        self._narrated_s = time.monotonic()
        commit = str(self._origin["commit"])
        self._journal: Path | None = None
        if given.results and not commit.endswith("-dirty"):
            self._journal = _JOURNALS / commit / f"{runner}-{given.seed}.jsonl"
            self._found = _kept(self._journal)

    @property
    def count(self) -> int:
        """How many trials were run."""
        return sum(trial.count for trial in self._found.values())

    @property
    def problems(self) -> dict[str, str]:
        """The names of the trials that ended wrong, and how."""
        return {name: trial.problem for name, trial in self._found.items() if trial.problem}

    @property
    def wrong(self) -> int:
        """How many trials ended wrong."""
        return sum(trial.wrong for trial in self._found.values() if trial.problem)

    def figures(self, name: str) -> list[float]:
        """What was measured under a name, in all trials that measured it; [0] if none did."""
        found = (trial.figures.get(name) for trial in self._found.values())
        return [figure for figure in found if figure is not None] or [0.0]

    def missing(self, names: Iterable[str]) -> Iterator[str]:
        """The trials of these names that have not been run."""
        return (name for name in names if name not in self._found)

    def add(self, name: str, trial: Trial) -> None:
        """Keep what a trial found, and say on stderr what was wrong and how many have been run."""
        self._found[name] = trial
        if self._journal:
            with self._journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"name": name, **asdict(trial)}) + "\n")
        if trial.problem:
            print(f"{self._runner}, {name}: {trial.problem[:_SHOWN_CHARACTERS]}", file=sys.stderr)
        if time.monotonic() - self._narrated_s > _NARRATED_EVERY_S:
            self._narrated_s = time.monotonic()
            asked = "" if self._asked is None else f" of {self._asked:,}"
            print(f"{self._runner}: {self.count:,}{asked}, {self.wrong:,} wrong", file=sys.stderr)

    def report(self, attack: str, worst: str = "") -> int:
        """Print the outcome, and keep it with --results. Returns 1 if any was wrong, or else 0."""
        outcome = Outcome(self._runner, attack, self.count, self.wrong, worst)
        print(json.dumps(asdict(outcome)), flush=True)
        if self._results:
            command = f"python -m scripts.attack.{self._runner} --results"
            row = {"command": command, **asdict(outcome), "origin": self._origin}
            result_files.keep_row(FILE, row)
        return int(self.wrong > 0)


def _kept(journal: Path) -> dict[str, Trial]:
    """The trials of an interrupted run; a last line that was not written whole is removed."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.touch()
    whole = journal.read_bytes().rpartition(b"\n")
    with journal.open("r+b") as file:
        file.truncate(len(whole[0]) + len(whole[1]))
    rows: Sequence[Row] = [json.loads(line) for line in whole[0].splitlines()]
    return {row.pop("name"): Trial(**row) for row in rows}
