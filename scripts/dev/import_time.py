"""Measure `import iqlut` and `import numpy` in a new process: the best of nine, in seconds."""

from __future__ import annotations

import subprocess
import sys


def best(module: str) -> float:
    """The shortest of nine."""
    code = (
        f"import time; start = time.perf_counter(); import {module}; "
        "print(time.perf_counter() - start)"
    )
    runs = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(9)
    )
    return min(float(run.stdout) for run in runs)


if __name__ == "__main__":
    print(f"import iqlut {best('iqlut'):.3f} s, of which import numpy {best('numpy'):.3f} s")
