"""Frames of an animation: reading them whole, and which rectangle of each is new."""

from __future__ import annotations

from typing import Any

from PIL import Image, ImageChops

from iqlut.pictures import webp
from iqlut.pictures.picture import Box, Motion

STAYS = (0, 1)  # of GIF's disposals
MOVING = ("GIF", "PNG", "WEBP")


def read(image: Image.Image, data: bytes) -> tuple[list[Image.Image], Motion]:
    """Every frame of an opened file as it is seen, decoded, and how they follow each other."""
    frames, durations, disposals = [], [], []
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        image.load()
        frames.append(image.copy())
        durations.append(float(image.info.get("duration", 0)))
        disposals.append(_disposal(image))
    if image.format == "WEBP":
        disposals = webp.disposals(data)
    cover = bool(image.info.get("default_image"))
    played = slice(int(cover), None)
    return frames, Motion(tuple(durations[played]), tuple(disposals[played]), _plays(image), cover)


def _disposal(image: Any) -> int:
    if image.format == "PNG":
        return int(image.info.get("disposal", 0)) + 1
    return int(getattr(image, "disposal_method", 0))


def _plays(image: Image.Image) -> int:
    """How often all is shown, 0 for ever; GIF counts the repeats, and says nothing where there are none."""
    loop = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else int(loop) and int(loop) + 1
    return int(loop or 0)


def boxes(frames: list[Image.Image], disposals: tuple[int, ...], even: bool = False) -> list[Box]:
    """The rectangle of each frame that has to be written: what differs from the frame before, or everything.

    Everything where the frame before does not stay, or where clearing or restoring goes by the rectangle.
    """
    whole = (0, 0, *frames[0].size)
    found: list[Box] = [whole]
    for i in range(1, len(frames)):
        if disposals[i - 1] in STAYS and disposals[i] in STAYS:
            changed = ImageChops.difference(frames[i - 1], frames[i]).getbbox(alpha_only=False) or (
                0,
                0,
                1,
                1,
            )
            left, top, right, bottom = changed
            found.append((left & ~1, top & ~1, right, bottom) if even else changed)
        else:
            found.append(whole)
    return found
