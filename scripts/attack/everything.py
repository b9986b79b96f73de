"""Runs every attack, writes results/attacks.json, and names the attacks that found anything.

    python -m scripts.attack.everything [--part 1] [--only kills ...]

`--part` is the part of the usual numbers of trials: 0.01 takes minutes in place of hours.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from scripts.attack.outcomes import RUNNERS
from scripts.shared import result_files

_COUNTS = {
    "kills": ("--trials", 300),
    "two_runs": ("--trials", 50),
    "damaged_files": ("--cases", 40_000),
    "refusals": None,
    "interrupts": ("--trials", 20),
    "samples": ("--samples", 10**10),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", type=float, default=1.0)
    parser.add_argument("--only", nargs="+", default=RUNNERS, choices=RUNNERS)
    given, found = parser.parse_args(), []
    origin = result_files.origin()  # once: the first results make the source "-dirty"
    for name in given.only:
        arguments, count = ["--results"], _COUNTS[name]
        if count:
            arguments += [count[0], str(max(1, round(count[1] * given.part)))]
        if importlib.import_module(f"scripts.attack.{name}").main(arguments, origin):
            found.append(name)
    if found:
        print(f"wrong: {', '.join(found)}", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
