"""The data types of a decoded picture."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import Image

Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels
# An image has the mode L, LA, RGB, RGBA or CMYK. An array is uint16, or uint8 of any of these modes
# but CMYK: (h, w) or (h, w, c).
Pixels = Image.Image | np.ndarray


@dataclass(frozen=True)
class Motion:
    """The timing of an animation.

    durations_ms  the duration of each frame
    disposals     the disposal of each frame, numbered as in GIF: 0 or 1, it stays; 2, it is
                  cleared; 3, the content before it is restored
    plays         how often the animation is played; 0 means forever
    cover         whether the first frame is a still image that is shown only by programs that do
                  not support animations (PNG)
    """

    durations_ms: tuple[float, ...]
    disposals: tuple[int, ...]
    plays: int = 0
    cover: bool = False


@dataclass(frozen=True)
class Outline:
    """What the header of a file says of a picture, before any pixel is decoded.

    It has the attributes of `Picture` that decide whether an upscaled picture can be made and
    stored. Whether it is opaque is not known then, and it is taken to be.
    """

    size: tuple[int, int]
    channels: int
    bits: int
    frame_count: int
    is_moving: bool
    format: str
    is_opaque: bool = True


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, upright.

    frames      one frame, or the composed frames of an animation, all of the same mode and size
    extras      the metadata, as its format stores it:
                icc_profile, exif (from its TIFF header on), xmp, photoshop (image resources): bytes
                dpi: a pair; comments, xmp_extension: tuples of bytes
                cicp (H.273: primaries, transfer, matrix, range), srgb, gamma, chromaticities: the
                whole numbers of the PNG chunks of these names; hdr, texts: PNG chunks
    format      Pillow's name of the format of its file
    lossy       whether its file was compressed with loss
    motion      the timing of an animation, or None for a still picture
    jpeg_table  the luma quantisation table of a JPEG file, 64 steps
    lost        parts of its file that no output can hold, as phrases
    """

    frames: tuple[Pixels, ...]
    extras: dict[str, Any] = field(default_factory=dict)
    format: str = "PNG"
    lossy: bool = False
    motion: Motion | None = None
    jpeg_table: tuple[int, ...] | None = None
    lost: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        first = self.frames[0]
        return first.size if isinstance(first, Image.Image) else (first.shape[1], first.shape[0])

    @property
    def bits(self) -> int:
        """Bits per sample, 8 or 16."""
        first = self.frames[0]
        return 8 if isinstance(first, Image.Image) else 8 * first.itemsize

    @property
    def channels(self) -> int:
        """The number of samples of a pixel."""
        first = self.frames[0]
        if isinstance(first, Image.Image):
            return len(first.getbands())
        return first.shape[2] if first.ndim == 3 else 1

    @property
    def frame_count(self) -> int:
        return len(self.frames)

    @property
    def is_moving(self) -> bool:
        """Whether it is an animation."""
        return self.motion is not None

    @property
    def is_opaque(self) -> bool:
        """Whether every pixel of every frame is opaque."""
        return all(_is_opaque(frame) for frame in self.frames)

    def with_frames(self, frames: tuple[Pixels, ...]) -> Picture:
        """The same picture with other frames."""
        return replace(self, frames=frames)


def as_array(pixels: Pixels) -> Pixels:
    """The pixels as an array, unless they are CMYK.

    A Pillow image of RGB takes a third more memory than its array.
    """
    if isinstance(pixels, Image.Image) and pixels.mode != "CMYK":
        return np.asarray(pixels)
    return pixels


def _is_opaque(pixels: Pixels) -> bool:
    if isinstance(pixels, Image.Image):
        has_alpha = pixels.mode in ("LA", "RGBA")
        return not has_alpha or pixels.getchannel("A").getextrema() == (255, 255)
    has_alpha = pixels.ndim == 3 and pixels.shape[2] in (2, 4)
    return not has_alpha or bool((pixels[:, :, -1] == np.iinfo(pixels.dtype).max).all())
