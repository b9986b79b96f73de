"""Animations: every frame, its time, its disposal and the loop come back, each frame upscaled."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from command_line import refuses, upscale
from iqlut import upscaling
from iqlut.pictures import gif, reading

DURATIONS = [40, 100, 100, 250, 20]


def frames(transparent: bool) -> list[Image.Image]:
    """A ball that moves, rests for a frame (the third is as the second) and moves on."""
    drawn = []
    for place in (2, 6, 6, 11, 15):
        frame = Image.new("RGBA", (24, 16), (0, 0, 0, 0) if transparent else (20, 60, 90, 255))
        ImageDraw.Draw(frame).ellipse((place, 3, place + 7, 11), fill=(230, 200, 40, 255))
        drawn.append(frame if transparent else frame.convert("RGB"))
    return drawn


def animation(format_name: str, transparent: bool, loop: int | None, disposal: int) -> bytes:
    """As other programs write it; frames of their own, so that Pillow keeps the resting one."""
    images = frames(transparent)
    images[2].putpixel((0, 0), (255, 0, 0, 255) if transparent else (255, 0, 0))
    options = {} if loop is None else {"loop": loop}
    if format_name == "WEBP":
        options |= {"lossless": True, "exact": True}
    else:
        options["disposal"] = disposal
    file = io.BytesIO()
    images[0].save(
        file, format_name, save_all=True, append_images=images[1:], duration=DURATIONS, **options
    )
    return file.getvalue()


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize(
    "ending, loop", [("gif", None), ("gif", 0), ("gif", 4), ("png", 0), ("png", 3), ("webp", 5)]
)
def test_animations_come_back(
    ending: str, loop: int | None, transparent: bool, model: str, tmp_path: Path
) -> None:
    for disposal in (0, 1, 2, 3) if ending == "gif" else (0, 1, 2):
        source, target = tmp_path / f"{disposal}.{ending}", tmp_path / f"big{disposal}.{ending}"
        source.write_bytes(animation(ending.upper(), transparent, loop, disposal))
        assert upscale(model, source, "-o", target, "-q") == 0
        before, after = reading.read(source.read_bytes()), reading.read(target.read_bytes())
        assert before.motion and after.motion
        assert after.motion.durations_ms == before.motion.durations_ms == tuple(DURATIONS)
        assert after.motion.plays == before.motion.plays
        if not (ending == "gif" and transparent):  # there, what must vanish has to be cleared
            assert after.motion.disposals == before.motion.disposals
        with Image.open(source) as old, Image.open(target) as new:
            assert new.n_frames == old.n_frames == 5  # type: ignore[attr-defined]
            assert new.info.get("loop") == old.info.get("loop")
        for small, large in zip(before.frames, after.frames, strict=True):
            compare(
                np.array(upscaling.upscale(small, model=model, engine="reference")),
                np.array(large),
                ending,
            )


def compare(expected: np.ndarray, found: np.ndarray, ending: str) -> None:
    if ending != "gif":
        np.testing.assert_array_equal(found, expected)
        return
    if expected.shape[2] == 4:  # is or is not, and 255 colours
        seen = expected[:, :, 3] >= 128
        np.testing.assert_array_equal(found[:, :, 3] == 255, seen)
        expected, found = expected[seen], found[seen]
    assert np.abs(found[..., :3].astype(int) - expected[..., :3]).mean() < 4


def test_resting_frames_and_covers_stay(model: str, tmp_path: Path) -> None:
    """Equal frames and a cover that is not a frame survive conversion between the formats."""
    images = frames(False)
    cover = Image.new("RGB", (24, 16), (255, 255, 255))
    cover.save(
        tmp_path / "a.png",
        save_all=True,
        append_images=images[:2],
        default_image=True,
        duration=[70, 130],
    )
    assert upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.png", "-q") == 0
    picture = reading.read((tmp_path / "b.png").read_bytes())
    assert picture.motion and picture.motion.cover and picture.motion.durations_ms == (70, 130)
    expected = upscaling.upscale(cover, model=model, engine="reference")
    assert len(picture.frames) == 3 and np.array_equal(
        np.array(picture.frames[0]), np.array(expected)
    )

    still = gif.animation([(images[0], (0, 0, 24, 16), time, 1) for time in (40, 50, 60)], plays=0)
    (tmp_path / "still.gif").write_bytes(still)
    for ending in ("gif", "png", "webp"):
        assert (
            upscale(model, tmp_path / "still.gif", "-o", tmp_path / f"still-big.{ending}", "-q")
            == 0
        )
        picture = reading.read((tmp_path / f"still-big.{ending}").read_bytes())
        assert picture.motion and picture.motion.durations_ms == (40, 50, 60)
        assert picture.motion.plays == 0 and len(picture.frames) == 3


def test_what_vanishes_in_a_gif_is_cleared() -> None:
    """Frames that leave no way to draw them but clearing first."""
    images = frames(True)
    assert gif.drawable(images, (1, 1, 1, 1, 1)) == (2, 1, 2, 2, 1)
    assert gif.drawable(images, (2, 2, 2, 2, 2)) == (2, 2, 2, 2, 2)
    assert gif.drawable(images, (3, 3, 3, 3, 3)) == (3, 3, 3, 3, 3)
    assert gif.drawable(frames(False), (1, 0, 3, 1, 1)) == (1, 0, 3, 1, 1)


def test_animation_into_a_still_format(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.gif").write_bytes(animation("GIF", False, 0, 1))
    code = upscale(model, tmp_path / "a.gif", "-o", tmp_path / "a.jpg")
    refuses(capsys, code, "cannot keep the 5 frames", ".webp")
