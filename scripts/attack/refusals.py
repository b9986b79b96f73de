"""Measures the memory and the time that iqlut takes to refuse each of `oversized_files`.

    python -m scripts.attack.refusals [--only WORD ...] [--results]

Each file is upscaled by a process of its own, whose largest resident memory and time on the CPU are
those of the whole command, its start included. Wrong are more than 300 MB, more than 2 seconds, an
exit code other than 0 or 1, and a traceback.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.attack import outcomes
from scripts.attack.outcomes import Outcome
from scripts.attack.oversized_files import FILES
from scripts.shared import result_files
from scripts.shared.result_files import Row

PEAK_MB_MAX, CPU_S_MAX = 300, 2.0
_HANG_S = 60
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


def refuse(name: str, folder: Path) -> tuple[str, int, float]:
    """Let iqlut upscale a file: what was wrong or "", the peak in MB, and the seconds of CPU."""
    ending, make = FILES[name]
    source, target = folder / f"a.{ending}", folder / f"b.{ending}"
    source.write_bytes(make())
    target = target if ending in ("avif", "heic") else target.with_suffix(".png")
    command = [sys.executable, "-c", _COMMAND, "upscale", source, "-o", target, "--overwrite"]
    before = os.times()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_HANG_S)
    except subprocess.TimeoutExpired:
        return f"more than {_HANG_S} s", 0, float(_HANG_S)
    after = os.times()
    cpu_s = after.children_user + after.children_system
    cpu_s -= before.children_user + before.children_system
    found = re.search(r"(\d+)\n\Z", done.stdout)
    if found is None or done.returncode not in (0, 1) or "Traceback" in done.stderr:
        return f"exit code {done.returncode}: {done.stderr[-500:]}", 0, cpu_s
    peak_mb = int(found[1])
    if peak_mb > PEAK_MB_MAX or cpu_s > CPU_S_MAX:
        return f"{peak_mb} MB and {cpu_s:.1f} s", peak_mb, cpu_s
    return "", peak_mb, cpu_s


def main(arguments: Sequence[str] | None = None, measured_from: Row | None = None) -> int:
    """Run the command; the origin is that of now, unless one is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="words of which a name holds one")
    outcomes.add_arguments(parser)
    given, origin = parser.parse_args(arguments), measured_from or result_files.origin()
    names = [name for name in FILES if any(word in name for word in given.only)]
    wrong, peaks_mb, times_s = 0, [0], [0.0]
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            problem, peak_mb, cpu_s = refuse(name, Path(folder))
            peaks_mb.append(peak_mb)
            times_s.append(cpu_s)
            if problem:
                wrong += 1
                print(f"{name}: {problem}", file=sys.stderr)
    worst = f"{max(peaks_mb)} MB, {max(times_s):.1f} s"
    outcome = Outcome(
        "refusals", "files that state or unpack to too much", len(names), wrong, worst
    )
    return outcomes.report(outcome, given, origin)


if __name__ == "__main__":
    sys.exit(main())
