"""Measures the memory and the time that iqlut takes to refuse each of `oversized_input.cases()`.

    python -m scripts.attack.refusals [--only WORD ...] [--results]

Each file is read by a process of its own, whose largest resident memory and time on the CPU are
those of the whole command, its start included. Wrong are more than 300 MB, more than 2 seconds (6
where the command imports PyTorch), another exit code than that of a refusal, and a traceback.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.attack import oversized_input, trials
from scripts.attack.oversized_input import Oversized
from scripts.attack.trials import Trial, Trials
from scripts.shared.result_files import Row

PEAK_MB_MAX, CPU_S_MAX = 300, 2.0
_HANG_S, _TORCH_S = 60, 4.0  # _TORCH_S: the import of PyTorch, which some commands begin with
# The peak of a process that is started from here would begin with that of this one.
_COMMAND = """
import re, sys
from pathlib import Path
from iqlut import cli
code = cli.main(sys.argv[1:])
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(int(peak[1]) // 1024)
sys.exit(code)
"""


def refuse(case: Oversized, folder: Path) -> Trial:
    """Let iqlut read a file: what was wrong, the peak of memory, and the time on the CPU."""
    case.write(folder / case.name)
    words = (case.name if word == "file" else word for word in case.arguments)
    command, before = [sys.executable, "-c", _COMMAND, *words], os.times()
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_HANG_S)
    except subprocess.TimeoutExpired:
        return Trial(f"more than {_HANG_S} s")
    after = os.times()
    cpu_s = after.children_user + after.children_system
    cpu_s -= before.children_user + before.children_system
    found = re.search(r"(\d+)\n\Z", done.stdout)
    if found is None or done.returncode not in case.codes or "Traceback" in done.stderr:
        return Trial(f"exit code {done.returncode}: {done.stderr[-500:]}", {"cpu_s": cpu_s})
    peak_mb = int(found[1])
    is_much = peak_mb > PEAK_MB_MAX or cpu_s > CPU_S_MAX + _TORCH_S * case.needs_torch
    problem = f"{peak_mb} MB and {cpu_s:.1f} s" if is_much else ""
    return Trial(problem, {"peak_mb": peak_mb, "cpu_s": cpu_s})


def main(arguments: Sequence[str] | None = None, measured_from: Row | None = None) -> int:
    """Run the command; the origin is that of now, unless one is given."""
    parser = trials.parser("refusals", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="words of which a name holds one")
    given = parser.parse_args(arguments)
    found = Trials("refusals", given, measured_from)
    cases = oversized_input.cases()
    names = [name for name in cases if any(word in name for word in given.only)]
    for name in found.missing(names):
        with tempfile.TemporaryDirectory() as folder:
            found.add(name, refuse(cases[name], Path(folder)))
    worst = f"{max(found.figures('peak_mb'))} MB, {max(found.figures('cpu_s')):.1f} s"
    return found.report("files that state or unpack to too much", worst)


if __name__ == "__main__":
    sys.exit(main())
