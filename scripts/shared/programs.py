"""Where the programs of hardware design are, which a system or a package of PyPI may bring."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def find(name: str) -> str:
    """The path of a program, or of the one that the package `yowasp-NAME` of this Python brings.

    Without either, the script ends with one sentence.
    """
    package = f"yowasp-{name}"
    packaged = shutil.which(package, path=str(Path(sys.executable).parent))
    program = shutil.which(name) or packaged
    if program is None:
        sys.exit(
            f"there is no {name}, expected it as a program or as the package {package}; "
            "run pip install iqlut[silicon]"
        )
    return program
