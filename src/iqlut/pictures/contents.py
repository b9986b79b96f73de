"""What a picture file holds besides its pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PIXEL_ASPECT = "the shape of the pixels, which are not square"  # a phrase for `Contents.lost`


@dataclass(frozen=True)
class Contents:
    """A picture file, taken apart.

    pixels       the file without its metadata, for a decoder, which damaged metadata then cannot
                 stop
    extras       the metadata as the file stores it, with the keys of `Picture.extras`
    lost         parts that no output can hold, as phrases for a note
    orientation  the orientation that the container states, 1 to 8; None if it states none
    """

    pixels: bytes
    extras: dict[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    orientation: int | None = None
