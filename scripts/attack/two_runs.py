"""Starts the same command twice at once, and compares what is there in the end.

    python -m scripts.attack.two_runs [--trials 100] [--seed 1] [--results]

One video or one folder of pictures is upscaled, each in half of the trials. The second run starts
at once or at a random moment of the first. Wrong are an output that differs from that of a single
run, files that are left over, an exit code other than 0, or 1 with the sentence that another run is
at work, and two runs that both fail.
"""

from __future__ import annotations

import random
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.attack import trials, workloads
from scripts.attack.kills import Undisturbed, run_trials
from scripts.attack.trials import Trials
from scripts.attack.workloads import WORKLOADS, Workload
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
    given = trials.parser("two_runs", __doc__).parse_args(arguments)
    found = Trials("two_runs", given, measured_from)
    run_trials(found, KINDS, given, run_twice)
    attack = f"two identical commands at once on one {' or on one '.join(KINDS)}"
    return found.report(attack)


if __name__ == "__main__":
    sys.exit(main())
