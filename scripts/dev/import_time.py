"""Measure how long `import iqlut`, the first use of `iqlut.upscale` and `import numpy` take.

Prints the best of nine new processes for each, in seconds.
"""

from __future__ import annotations

import subprocess
import sys

STATEMENTS = ("import iqlut", "import iqlut; iqlut.upscale", "import numpy")


def best_s(statement: str) -> float:
    """The shortest time of nine, in seconds."""
    code = (
        f"import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
    )
    runs = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(9)
    )
    return min(float(run.stdout) for run in runs)


if __name__ == "__main__":
    for statement in STATEMENTS:
        print(f"{statement:28} {best_s(statement):.3f} s")
