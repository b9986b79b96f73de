"""Runs every attack, writes results/attacks.json, and names the attacks that found anything.

    python -m scripts.attack.everything [--part 1] [--only kills ...]

`--part` is the part of the usual numbers of trials: 0.01 takes minutes in place of hours. What was
interrupted goes on where it was, as long as the commit is the same and nothing is changed.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from scripts.attack.outcomes import ASKED, RUNNERS
from scripts.shared import result_files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", type=float, default=1.0)
    parser.add_argument("--only", nargs="+", default=RUNNERS, choices=RUNNERS)
    given, found = parser.parse_args(), []
    origin = result_files.origin()  # once: the first results make the source "-dirty"
    for name in given.only:
        arguments, asked = ["--results"], ASKED[name]
        if asked:
            arguments += ["--trials", str(max(1, round(asked * given.part)))]
        if importlib.import_module(f"scripts.attack.{name}").main(arguments, origin):
            found.append(name)
    if found:
        print(f"wrong: {', '.join(found)}", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
