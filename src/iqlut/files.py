"""Files as a whole: a file that exists is complete, and what a killed run left half written goes away."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows, where nobody can remove a file that is open
    fcntl = None

_PART = ".part"


def write_atomically(path: Path, fill: Callable[[io.BufferedIOBase], Any]) -> Any:
    """Call `fill` with a file that becomes `path` when it returns, and vanishes when it raises."""
    path = path.resolve()
    while True:
        temporary = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}{_PART}")
        try:
            with temporary.open("xb") as file:
                if not _lock(file) or not os.fstat(file.fileno()).st_nlink:
                    continue  # `sweep` was quicker
                result = fill(file)
                file.flush()
            os.replace(temporary, path)  # noqa: PTH105  (the words of every manual on atomic writing)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return result


def sweep(folder: Path) -> int:
    """Remove what killed runs left half written in a folder, not what others write right now; how many."""
    swept = 0
    for part in folder.glob(f".*{_PART}"):
        middle = part.name.removesuffix(_PART).rpartition(".")[2]
        if len(middle) != 8 or not part.is_file():
            continue
        try:
            with part.open("rb") as file:
                if _lock(file):
                    part.unlink()
                    swept += 1
        except OSError:  # gone meanwhile, or not ours
            pass
    return swept


def _lock(file: Any) -> bool:
    """Whether nobody else writes the file; the lock ends with it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True
