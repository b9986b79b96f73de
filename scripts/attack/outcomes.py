"""What the programs of this folder report: a line of JSON, and a row of results/attacks.json."""

from __future__ import annotations

from dataclasses import dataclass

FILE = "attacks"
# The modules that attack, with the numbers of trials that the page asks for; None means that the
# module has a list of its own, which is run whole. Those that fork come first, as the fork of a
# process in which a library has started threads may hang.
ASKED: dict[str, int | None] = {
    "kills": 300,
    "two_runs": 100,
    "hostile_text": 25,
    "damaged_files": 40_000,
    "refusals": None,
    "interrupts": 20,
    "samples": 10**10,
}
RUNNERS = tuple(ASKED)


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
