"""Starts the same command twice at once, and compares what is there in the end.

    python -m scripts.attack.two_runs [--trials 50] [--seed 1] [--results]

One video and one folder of pictures are upscaled, in so many trials each. The second run starts at
once or at a random moment of the first. Wrong are an output that differs from that of a single run,
files that are left over, an exit code other than 0, or 1 with the sentence that another run is at
work, and two runs that both fail.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.attack import outcomes, workloads
from scripts.attack.kills import Undisturbed, undisturbed
from scripts.attack.outcomes import Outcome
from scripts.attack.workloads import WORKLOADS, Workload
from scripts.shared import result_files
from scripts.shared.result_files import Row

KINDS = tuple(kind for kind in ("video", "folder") if kind in WORKLOADS)
_REFUSALS = ("is being written by", "exists, expected a new file", "by another program")


def run_twice(workload: Workload, whole: Undisturbed, folder: Path, chance: random.Random) -> str:
    """Run one trial in a new folder, and return what was wrong, or ""."""
    shutil.copytree(whole.source, folder)
    files = [folder.with_name(f"said {number}") for number in range(2)]
    processes = []
    for file in files:
        file.unlink(missing_ok=True)
        processes.append(workloads.start(workload.arguments, folder, file))
        time.sleep(chance.choice((0.0, whole.elapsed_s * chance.random())))
    codes = [workloads.end_of(process) for process in processes]
    said = [file.read_text() for file in files]
    for code, text in zip(codes, said, strict=True):
        is_refusal = code == 1 and any(words in text for words in _REFUSALS)
        if code != 0 and not is_refusal:
            return f"a run ended with {code}: {text[-500:]}"
    if 0 not in codes:
        return f"both runs failed: {said}"
    found = workloads.contents(folder, workload.digest)
    return "" if found == whole.expected else f"the output differs: {sorted(found)}"


def main(arguments: Sequence[str] | None = None, measured_from: Row | None = None) -> int:
    """Run the command; the origin is that of now, unless one is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=50, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    outcomes.add_arguments(parser)
    given, origin = parser.parse_args(arguments), measured_from or result_files.origin()
    chance, wrong = random.Random(given.seed), 0
    with tempfile.TemporaryDirectory() as name:
        for kind in KINDS:
            folder, workload = Path(name) / kind, WORKLOADS[kind]
            whole = undisturbed(workload, folder)
            for trial in range(given.trials):
                problem = run_twice(workload, whole, folder / "trial", chance)
                shutil.rmtree(folder / "trial")
                if problem:
                    wrong += 1
                    print(f"{kind}, trial {trial}: {problem}", file=sys.stderr)
    attack = f"two identical commands at once on one {' and on one '.join(KINDS)}"
    outcome = Outcome("two_runs", attack, given.trials * len(KINDS), wrong)
    return outcomes.report(outcome, given, origin)


if __name__ == "__main__":
    sys.exit(main())
