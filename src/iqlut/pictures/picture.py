"""What a picture is, between its file and the larger file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import Image

Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels
Pixels = (
    Image.Image | np.ndarray
)  # 8 bits: mode L, LA, RGB, RGBA or CMYK; 16 bits: uint16 (h, w) or (h, w, c)


@dataclass(frozen=True)
class Motion:
    """How frames follow each other.

    durations_ms   of each frame
    disposals      of each frame, in GIF's numbers: 0, 1 it stays; 2 it is cleared; 3 what was before comes back
    plays          how often all is shown; 0 for ever
    cover          whether the first frame is shown only where nothing moves (PNG)
    """

    durations_ms: tuple[float, ...]
    disposals: tuple[int, ...]
    plays: int = 0
    cover: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, upright.

    frames   one, or those of an animation, each as a whole and all of one mode and size
    extras   what a file says besides its pixels: icc_profile, exif and xmp (bytes), dpi (a pair)
    format   Pillow's name of the format it came from
    lossy    whether that format had already dropped details
    jpeg_table  the quantisation table of luma, 64 steps, if it was a JPEG
    """

    frames: tuple[Pixels, ...]
    extras: dict[str, Any] = field(default_factory=dict)
    format: str = "PNG"
    lossy: bool = False
    motion: Motion | None = None
    jpeg_table: tuple[int, ...] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        first = self.frames[0]
        return first.size if isinstance(first, Image.Image) else (first.shape[1], first.shape[0])

    @property
    def bits(self) -> int:
        """Of a sample: 8 or 16."""
        return 8 if isinstance(self.frames[0], Image.Image) else 16

    @property
    def is_opaque(self) -> bool:
        """Whether nothing shines through any frame."""
        return all(_is_opaque(frame) for frame in self.frames)

    def with_frames(self, frames: tuple[Pixels, ...]) -> Picture:
        """The same with other pixels."""
        return replace(self, frames=frames)


def _is_opaque(pixels: Pixels) -> bool:
    if isinstance(pixels, Image.Image):
        return pixels.mode not in ("LA", "RGBA") or pixels.getchannel("A").getextrema() == (
            255,
            255,
        )
    return (
        pixels.ndim == 2 or pixels.shape[2] not in (2, 4) or bool((pixels[:, :, -1] == 65535).all())
    )
