"""The memory that upscaling a picture needs.

A picture that needs more than there is would end the whole run, so it is refused beforehand.
"""

from __future__ import annotations

import os
from pathlib import Path

from iqlut.errors import PictureError

# Bytes per pixel of the result, as measured. The encoders of these formats need more.
_BYTES_PER_PIXEL = {"WEBP": 28, "AVIF": 40, "HEIF": 40}
_USUAL, _DEEP = 8, 38  # of other formats, and of more than 8 bits per sample
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def check(name: str, pixels: int, format_name: str, bits: int = 8) -> None:
    """Raise PictureError if a result needs more memory than this machine has.

    `pixels` is the number of pixels of the result in all frames.
    """
    needed = pixels * (_DEEP if bits > 8 else _BYTES_PER_PIXEL.get(format_name, _USUAL))
    available = memory_bytes()
    if available is not None and needed > available:
        raise PictureError(
            f"{name} would take about {needed / 1e9:.1f} GB of memory to upscale, expected at most "
            f"the {available / 1e9:.1f} GB of this machine; choose a smaller size or cut the "
            "picture into parts"
        )


def memory_bytes() -> int | None:
    """The memory of the machine, or the limit of the container if that is less; None if unknown."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        return min(machine, int(_CONTAINER_LIMIT.read_text(encoding="ascii")))
    except (OSError, ValueError):  # no such file, or "max"
        return machine
