"""Lets iqlut read damaged files of every format, and counts what must not happen.

    python -m scripts.attack.damaged_files [--trials 40000] [--seed 1] [--kinds png ...]
        [--keep DIR] [--results]

Each kind of file is read by a process of its own, which is watched from outside. Wrong are
exceptions that `iqlut.errors` does not define, the end of the process by a signal, more than 2 GB
of memory, more than 20 seconds, and files that are left over. The same seed gives the same files.
The program prints a line of JSON; the exit code is 1 if anything was wrong. `--keep` writes the
files in question to a folder.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.attack import seed_files, trials
from scripts.attack.trials import Trial, Trials
from scripts.shared.result_files import Row

PEAK_MB_MAX, ELAPSED_S_MAX = 2048, 20
_START_S = 120  # for the first answer of a process, which imports what it needs


class Reader:
    """A process that reads damaged files; it is started again after its end."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._command = [sys.executable, "-m", "scripts.attack.one_damaged_file", str(seed)]
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def read(self, case: str) -> dict[str, Any]:
        """Let the process read a file, and return its answer or what happened to the process."""
        limit_s = ELAPSED_S_MAX
        if self._process is None:
            limit_s += _START_S
            self._process = subprocess.Popen(
                [*self._command, str(self._folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{case}\n")
        self._process.stdin.flush()
        is_ready = select.select([self._process.stdout], [], [], limit_s)[0]
        line = self._process.stdout.readline() if is_ready else ""
        if line:
            answer = json.loads(line)
            if answer["peak_mb"] <= PEAK_MB_MAX:
                return answer
            self.close()
            return answer | {"wrong": answer["wrong"] or f"more than {PEAK_MB_MAX} MB"}
        code = self.close()
        wrong = f"signal {-code}" if is_ready else f"more than {ELAPSED_S_MAX} s"
        return {"accepted": False, "peak_mb": 0, "elapsed_s": 0, "wrong": wrong}

    def close(self) -> int:
        """End the process and return its exit code."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.stdin:
            process.stdin.close()
        try:
            return process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            if process.stdout:
                process.stdout.close()


def attack(found: Trials, cases: int, seed: int, kinds: tuple[str, ...]) -> Counter[str]:
    """Let iqlut read so many files, the same number of each kind, except those that were read.

    Returns how many files of each kind were accepted, of those that were read now.
    """
    accepted = Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for index, kind in enumerate(kinds):
            reader = Reader(seed, Path(folder))
            numbers = range(index, cases, len(kinds))
            for case in found.missing(f"{kind} {number}" for number in numbers):
                answer = reader.read(case)
                figures = {"peak_mb": answer["peak_mb"], "elapsed_s": answer["elapsed_s"]}
                found.add(case, Trial(answer["wrong"], figures))
                accepted[kind] += answer["accepted"]
            reader.close()
    return accepted


def main(arguments: Sequence[str] | None = None, measured_from: Row | None = None) -> int:
    """Run the command; the origin is that of now, unless one is given."""
    parser = trials.parser("damaged_files", __doc__)
    parser.add_argument("--kinds", nargs="+", default=seed_files.kinds())
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args(arguments)
    found = Trials("damaged_files", given, measured_from)
    accepted = attack(found, given.trials, given.seed, tuple(given.kinds))
    print(f"accepted: {dict(accepted)}", file=sys.stderr)
    for case in found.problems if given.keep else ():
        _keep(case, given.seed, given.keep)
    peak_mb, elapsed_s = (max(found.figures(name)) for name in ("peak_mb", "elapsed_s"))
    return found.report("damaged files of every format, read", f"{peak_mb} MB, {elapsed_s:.1f} s")


def _keep(case: str, seed: int, folder: Path) -> None:
    from scripts.attack.one_damaged_file import damaged

    folder.mkdir(parents=True, exist_ok=True)
    kind, number = case.split()
    (folder / f"{number}.{kind}").write_bytes(damaged(kind, f"{seed} {case}"))


if __name__ == "__main__":
    os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder prints a lot otherwise
    sys.exit(main())
