"""A result is displayed as ffmpeg displays its source: the same frames, times and sound."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")

from ffmpeg_videos import (
    CASES,
    described,
    display_times,
    doubled,
    ffmpeg,
    film,
    needs_ffmpeg,
    sound_s,
    stream_of,
)
from iqlut import videos

pytestmark = needs_ffmpeg
FRAME_S, AUDIO_FRAME_S = 0.04, 0.03
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "10")


def joined(folder: Path, suffix: str, *arguments: object, sound: bool = True) -> Path:
    """Two recordings in one file, whose clock jumps back where they meet."""
    path = film(folder / f"one{suffix}", *X264, *arguments, sound=sound)
    path.write_bytes(path.read_bytes() * 2)
    return path


def ahead(folder: Path) -> Path:
    """The clock jumps ahead by an hour in the middle."""
    one = film(folder / "one.ts", *X264, "-c:a", "mp2")
    two = film(folder / "two.ts", *X264, "-c:a", "mp2", "-output_ts_offset", "3600")
    both = folder / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    return both


def trimmed(folder: Path) -> Path:
    """An edit list cuts the first second away; the packets are still in the file."""
    whole = film(folder / "whole.mp4", *X264, "-g", "50", "-c:a", "aac", seconds=2)
    ffmpeg("-ss", "1", "-i", whole, "-c", "copy", folder / "trimmed.mp4")
    assert display_times(folder / "trimmed.mp4")[0] < FRAME_S
    return folder / "trimmed.mp4"


def late_sound(folder: Path) -> Path:
    sound = film(folder / "sound.mka", "-map", "1:a", "-c:a", "flac")
    picture = film(folder / "picture.mkv", *X264, seconds=1, sound=False)
    ffmpeg("-i", picture, "-itsoffset", "0.4", "-i", sound, "-c", "copy", folder / "late.mkv")
    return folder / "late.mkv"


def at_ten_hours(suffix: str) -> Callable[[Path], Path]:
    return lambda folder: film(
        folder / f"late{suffix}", *X264, "-c:a", "mp2", "-output_ts_offset", "36000"
    )


def uneven(folder: Path) -> Path:
    """Frames of different durations in a broadcast."""
    return film(folder / "uneven.ts", *X264, "-vf", "select='not(between(n,4,6))'", "-vsync", "0")


MADE: dict[str, Callable[[Path], Path]] = {
    "joined": lambda folder: joined(folder, ".ts", "-c:a", "aac"),
    "joined, silent": lambda folder: joined(folder, ".ts", sound=False),
    "joined program streams": lambda folder: joined(
        folder, ".mpg", "-c:v", "mpeg2video", "-preset", "0", "-c:a", "mp2"
    ),
    "the clock jumps ahead": ahead,
    "edit list": trimmed,
    "sound starts late": late_sound,
    "ten hours, .ts": at_ten_hours(".ts"),
    "ten hours, .mkv": at_ten_hours(".mkv"),
    "B-frames in AVI": lambda folder: film(folder / "b.avi", *X264, "-c:a", "mp3"),
    "MPEG-4 with B-frames in AVI": lambda folder: film(
        folder / "b4.avi", "-c:v", "mpeg4", "-bf", "2", "-c:a", "mp3"
    ),
    "uneven": uneven,
}


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("kind", MADE)
def test_time_is_what_the_viewer_sees(kind: str, suffix: str, tmp_path: Path) -> None:
    source, target = MADE[kind](tmp_path), tmp_path / f"big{suffix}"
    outcome = doubled(source, target)
    before, after = display_times(source), display_times(target)
    assert len(after) == outcome.frames == len(before)
    assert all(later > earlier for earlier, later in pairwise(after))
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) <= FRAME_S
    if any(stream["codec_type"] == "audio" for stream in described(source)["streams"]):
        assert abs(sound_s(target) - sound_s(source)) <= AUDIO_FRAME_S + FRAME_S


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("start_s", [0, 0.35])
def test_the_first_sound_is_that_of_the_source(start_s: float, suffix: str, tmp_path: Path) -> None:
    """A decoder of AAC begins from a packet that the edit list hides."""
    source, target = tmp_path / "cut.mp4", tmp_path / f"big{suffix}"
    whole = film(tmp_path / "whole.mp4", *X264, "-c:a", "aac")
    ffmpeg("-ss", start_s, "-i", whole, "-c", "copy", source)
    doubled(source, target)
    before, after = samples(source), samples(target)
    assert np.abs(before[:256]).max() > 0.05
    np.testing.assert_allclose(after, before, rtol=0, atol=2e-3)  # AAC decoders draw noise


def samples(file: Path) -> np.ndarray:
    """The decoded sound of a file, float32."""
    plain = file.with_suffix(".f32")
    ffmpeg("-i", file, "-map", "0:a", "-f", "f32le", "-ac", "1", plain)
    return np.fromfile(plain, np.float32)


@pytest.mark.parametrize("rate", ["50", "10", "24000/1001"])
@pytest.mark.parametrize(("suffix", "codec"), [(".h264", "libx264"), (".m2v", "mpeg2video")])
def test_raw_streams_keep_the_rate_that_they_state(
    suffix: str, codec: str, rate: str, tmp_path: Path
) -> None:
    if codec == "mpeg2video" and rate == "10":
        pytest.skip("MPEG-2 has no such rate")
    raw = tmp_path / f"raw{suffix}"
    pictures = f"testsrc2=s=64x48:r={rate}:d=0.5"
    ffmpeg("-f", "lavfi", "-i", pictures, "-c:v", codec, "-pix_fmt", "yuv420p", raw)
    assert videos.probe(raw, videos.Options().part).rate == Fraction(rate)
    doubled(raw, tmp_path / "big.mkv")
    assert Fraction(stream_of(tmp_path / "big.mkv")["avg_frame_rate"]) == Fraction(rate)


def test_chapters_move_with_the_start(tmp_path: Path) -> None:
    """A file that starts at ten seconds: its chapters are where they were in the picture."""
    (tmp_path / "chapters").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=10200\nEND=10400\ntitle=two\n"
    )
    plain = film(tmp_path / "plain.mkv", *X264, "-output_ts_offset", "10")
    ffmpeg("-copyts", "-i", plain, "-i", tmp_path / "chapters", "-map_metadata", "1",
           "-map_chapters", "1", "-c", "copy", tmp_path / "source.mkv")  # fmt: skip
    doubled(tmp_path / "source.mkv", tmp_path / "big.mkv")
    (chapter,) = described(tmp_path / "big.mkv", "-show_chapters")["chapters"]
    assert abs(float(chapter["start_time"]) - 0.2) <= 0.03


def test_part_of_a_joined_recording(tmp_path: Path) -> None:
    """It begins after the jump, with the sound of its time."""
    source = joined(tmp_path, ".ts", "-c:a", "aac")
    doubled(source, tmp_path / "big.mkv", part=videos.Part(20))
    after = display_times(tmp_path / "big.mkv")
    assert len(after) == 10 and abs(after[-1] - 9 * FRAME_S) <= FRAME_S
    assert abs(sound_s(tmp_path / "big.mkv") - 10 * FRAME_S) <= 2 * FRAME_S


@pytest.mark.parametrize("name", ["29/concat.ts", "29/concat_silent.ts", "37/trimmed.mp4"])
def test_cases(name: str, tmp_path: Path) -> None:
    if not (CASES / name).exists():
        pytest.skip(f"there is no ../shared/cases/{name}")
    doubled(CASES / name, tmp_path / "big.mkv")
    before, after = display_times(CASES / name), display_times(tmp_path / "big.mkv")
    assert len(before) == len(after)
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) <= FRAME_S
