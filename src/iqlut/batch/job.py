"""One file to upscale."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """A picture or video to upscale.

    source    None is stdin
    target    None is stdout
    relative  the path below the folder that is mirrored, which is the same on every machine
    """

    source: Path | None
    target: Path | None
    relative: str
    is_video: bool = False
