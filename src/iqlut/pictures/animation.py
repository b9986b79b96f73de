"""Animations: the composed frames of GIF and WebP, and the rectangle of each that has changed.

`apng` reads those of PNG.
"""

from __future__ import annotations

from PIL import Image, ImageChops

from iqlut.pictures import apng, webp
from iqlut.pictures.picture import Box, Motion

STAYS = (0, 1)  # the GIF disposal methods after which a frame stays visible
MOVING = ("GIF", "PNG", "WEBP")


def read(image: Image.Image, data: bytes) -> tuple[list[Image.Image], Motion]:
    """Decode every frame of an opened file as it is displayed, and the timing of the animation.

    `data` is the content of the file.
    """
    if image.format == "PNG":
        return apng.read(data)
    frames, durations, disposals = [], [], []
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        image.load()
        frames.append(image.copy())
        durations.append(float(image.info.get("duration", 0)))
        disposals.append(int(getattr(image, "disposal_method", 0)))
    if image.format == "WEBP":
        disposals = webp.disposals(data)
    return frames, Motion(tuple(durations), tuple(disposals), _plays(image))


def frame_count(image: Image.Image, data: bytes) -> int:
    """The number of pictures in an opened file, including the cover of a PNG animation."""
    return apng.frame_count(data) if image.format == "PNG" else getattr(image, "n_frames", 1)


def _plays(image: Image.Image) -> int:
    """How often the animation is played; 0 means forever.

    GIF stores the number of repetitions, and stores nothing if the animation is played once.
    """
    loop = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else int(loop) and int(loop) + 1
    return int(loop or 0)


def boxes(frames: list[Image.Image], disposals: tuple[int, ...], even: bool = False) -> list[Box]:
    """The rectangle of each frame that has to be written.

    This is the part that differs from the previous frame. It is the whole frame if the previous
    frame does not stay visible, or if this frame is to be cleared or restored after display, which
    applies to its rectangle. With `even`, left and top are rounded down to even numbers.
    """
    whole = (0, 0, *frames[0].size)
    rectangles: list[Box] = [whole]
    for i in range(1, len(frames)):
        if disposals[i - 1] in STAYS and disposals[i] in STAYS:
            difference = ImageChops.difference(frames[i - 1], frames[i])
            changed = difference.getbbox(alpha_only=False) or (0, 0, 1, 1)
            left, top, right, bottom = changed
            rectangles.append((left & ~1, top & ~1, right, bottom) if even else changed)
        else:
            rectangles.append(whole)
    return rectangles
