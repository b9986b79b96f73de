"""Files as a whole: a file that exists is complete, and what a killed run left half written goes away."""

from __future__ import annotations

import io
import os
import secrets
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows, where nobody can remove a file that is open
    fcntl = None

_PART = ".part"
_NAME_BYTES = 200  # of the 255 that file systems allow


def write_atomically(path: Path, fill: Callable[[io.BufferedIOBase], Any]) -> Any:
    """Call `fill` with a file that becomes `path` when it returns, and vanishes when it raises."""
    path = path.resolve()
    while True:
        temporary = path.with_name(f".{shortened(path.name)}.{secrets.token_hex(4)}{_PART}")
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


def shortened(name: str) -> str:
    """A name with room for more behind it; others that begin alike stay apart."""
    data = name.encode("utf-8", "surrogateescape")
    if len(data) <= _NAME_BYTES:
        return name
    return f"{data[: _NAME_BYTES - 9].decode('utf-8', 'ignore')}-{zlib.crc32(data):08x}"


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
