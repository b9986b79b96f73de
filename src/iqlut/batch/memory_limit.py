"""What a picture takes of memory while it is upscaled. More than there is would end the whole run, so it is refused."""

from __future__ import annotations

import os
from pathlib import Path

from iqlut.errors import PictureError

_BYTES_PER_PIXEL = {"WEBP": 28, "AVIF": 40}  # of the result, as measured; the encoder has its share
_USUAL, _DEEP = 8, 38
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def check(name: str, pixels: int, format_name: str, bits: int = 8) -> None:
    """PictureError if a result of so many pixels, all frames counted, takes more than this machine has."""
    needed = pixels * (_DEEP if bits > 8 else _BYTES_PER_PIXEL.get(format_name, _USUAL))
    there = memory_bytes()
    if there is not None and needed > there:
        raise PictureError(
            f"{name} would take about {needed / 1e9:.1f} GB of memory to upscale, and there are {there / 1e9:.1f}; "
            "ask for a smaller size, or cut it into parts first"
        )


def memory_bytes() -> int | None:
    """What the machine has, or the container; None where it cannot be asked."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        return min(machine, int(_CONTAINER_LIMIT.read_text(encoding="ascii")))
    except (OSError, ValueError):  # no such file, or "max"
        return machine
