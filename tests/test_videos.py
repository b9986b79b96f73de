"""Videos come back larger with everything they had, also after an interruption."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")

import video_files as made
from iqlut import upscaling, videos
from iqlut.tables import shipped_models
from iqlut.videos import resumable_segments, y4m
from iqlut.videos.frame_planes import Layout, upscale_planes

SCALE = 4
CLIP = Path(__file__).parents[2] / "shared" / "data" / "video" / "bikes.mp4"


@pytest.fixture
def upscaler(model: str) -> videos.Upscaler:
    tables = shipped_models.load(model)
    return videos.Upscaler(upscaling.upscaler(tables, "reference", 1), SCALE, tables.sha256)


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    return made.rich_video(tmp_path / "rich.mkv")


def small_segments(monkeypatch: pytest.MonkeyPatch, frames: int = 5) -> None:
    monkeypatch.setattr(resumable_segments, "GROUP", frames)


def larger(
    source: Path, target: Path, upscaler: videos.Upscaler, **options: object
) -> videos.Outcome:
    """The whole way, without a command around it."""
    wanted = videos.Options(**options)  # type: ignore[arg-type]
    return videos.upscale(videos.probe(source, wanted.part), target, upscaler, wanted, lambda: None)


def same_frames(one: list, other: list) -> None:
    assert [pts for pts, _ in one] == [pts for pts, _ in other]
    for (_, planes), (_, others) in zip(one, other, strict=True):
        for plane, plane_2 in zip(planes, others, strict=True):
            np.testing.assert_array_equal(plane, plane_2)


def upscaled(path: Path, layout: Layout, upscaler: videos.Upscaler) -> list:
    return [
        (pts, upscale_planes(planes, layout, SCALE, upscaler.tables))
        for pts, planes in made.decoded(path)
    ]


# what is kept


@pytest.mark.parametrize("codec", ["h264", "hevc", "ffv1"])
def test_every_stream_tag_chapter_and_time_is_kept(rich, upscaler, tmp_path, monkeypatch, codec):
    small_segments(monkeypatch)
    outcome = larger(rich, tmp_path / "big.mkv", upscaler, codec=codec)
    before, after = made.facts(rich), made.facts(tmp_path / "big.mkv")
    assert outcome.frames == len(made.TICKS) and outcome.notes == ()
    for kept in ("tags", "chapters", "video", "files"):
        assert after[kept] == before[kept], kept
    assert after["streams"][0] == ("video", codec, before["streams"][0][2])
    assert after["streams"][1:] == before["streams"][1:]
    assert [pts for pts, *_ in sorted(after["packets"][0])] == made.TICKS
    for index in (1, 2, 3):
        assert after["packets"][index] == before["packets"][index]
    assert abs(after["duration"] - before["duration"]) <= 40_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["big.mkv", "rich.mkv"]


@pytest.mark.parametrize(
    "pixel_format", ["yuv420p", "yuv422p", "yuv444p", "gray", "yuv420p10le", "yuv422p10le"]
)
@pytest.mark.parametrize("size", [(48, 32), (21, 15)])
def test_planes_are_those_of_the_engine(upscaler, tmp_path, pixel_format, size):
    source = made.write_video(tmp_path / "video.mkv", made.pictures(3, *size, pixel_format))
    video = videos.probe(source)
    larger(source, tmp_path / "big.mkv", upscaler, codec="ffv1")
    frames = made.decoded(tmp_path / "big.mkv")
    same_frames(frames, upscaled(source, video.layout, upscaler))
    if video.layout.depth == 8:
        small = made.decoded(source)[1][1][0]
        np.testing.assert_array_equal(frames[1][1][0], upscaler.tables(np.ascontiguousarray(small)))


def test_lossless_h264_gives_the_same_planes(upscaler, tmp_path):
    source = made.write_video(tmp_path / "video.mkv", made.pictures(8, 32, 24))
    larger(source, tmp_path / "big.mp4", upscaler, codec="h264", crf=0.0, preset="veryfast")
    frames = upscaled(source, videos.probe(source).layout, upscaler)
    assert [(pts * 16, planes) for pts, planes in frames][1][0] == made.decoded(
        tmp_path / "big.mp4"
    )[1][0]
    for (_, planes), (_, others) in zip(frames, made.decoded(tmp_path / "big.mp4"), strict=True):
        np.testing.assert_array_equal(planes[0], others[0])


def test_colour_aspect_and_rotation_are_kept(upscaler, tmp_path):
    look = {
        "color_range": 2,
        "color_primaries": 9,
        "color_trc": 16,
        "colorspace": 9,
        "rotation": 90,
    }
    look["sample_aspect_ratio"] = Fraction(16, 15)
    source = made.write_video(
        tmp_path / "video.mp4", made.pictures(3, 32, 24, "yuv420p10le"), "libx264", None, {}, look
    )
    for name, options in {"a.mp4": {}, "b.mkv": {"codec": "h264"}, "c.mov": {}}.items():
        larger(source, tmp_path / name, upscaler, **options)
        with av.open(str(tmp_path / name)) as video:
            frame = next(video.decode(video=0))
            assert (frame.width, frame.height, frame.format.name) == (128, 96, "yuv420p10le"), name
            colour = (frame.color_range, frame.color_primaries, frame.color_trc, frame.colorspace)
            assert tuple(map(int, colour)) == (2, 9, 16, 9), name
            assert frame.rotation == 90 and video.streams.video[0].sample_aspect_ratio == Fraction(
                16, 15
            ), name


def test_covers_are_no_videos(upscaler, tmp_path):
    source = made.video_with_cover(tmp_path / "video.mp4")
    for name in ("big.mp4", "big.mkv"):
        larger(source, tmp_path / name, upscaler)
        with av.open(str(tmp_path / name)) as video:
            covers = [stream for stream in video.streams.video if stream.disposition & 1024]
            assert len(covers) == 1 and len(video.streams.video) == 2, name
            assert [bytes(packet) for packet in video.demux(covers[0]) if packet.size] == [
                made.cover()
            ], name


def test_part_of_a_video(rich, upscaler, tmp_path):
    whole = made.rich_video(tmp_path / "whole.mkv")
    outcome = larger(whole, tmp_path / "big.mkv", upscaler, codec="ffv1", part=videos.Part(3, 9))
    frames = upscaled(whole, outcome.layout, upscaler)[3:9]
    same_frames(
        made.decoded(tmp_path / "big.mkv"),
        [(pts - made.TICKS[3], planes) for pts, planes in frames],
    )
    after = made.facts(tmp_path / "big.mkv")
    assert [title["metadata"]["title"] for title in after["chapters"]] == ["One", "Two"]
    assert [(pts, duration) for pts, duration, _ in after["packets"][3]] == [(0, 37), (177, 100)]
    assert min(after["packets"][1])[0] == 144 - made.TICKS[3]


def test_video_to_y4m(rich, upscaler):
    file = io.BytesIO()
    video = videos.probe(rich)
    outcome = videos.upscale_to_y4m(video, file, upscaler, videos.Part(), lambda: None)
    assert outcome.frames == len(made.TICKS) and "neither sound nor time stamps" in outcome.notes[0]
    file.seek(0)
    header = y4m.read_header(file, "result")
    assert header.words == (
        "W192",
        "H128",
        "F25:1",
        "Ip",
        "A0:0",
        "C420mpeg2",
        "XCOLORRANGE=LIMITED",
    )
    planes = [planes for _, planes in upscaled(rich, video.layout, upscaler)]
    for wanted, found in zip(planes, y4m.read_frames(file, header.layout, "result"), strict=True):
        for plane, plane_2 in zip(wanted, found, strict=True):
            np.testing.assert_array_equal(plane, plane_2)


@pytest.mark.skipif(not CLIP.exists(), reason=f"there is no {CLIP}")
def test_real_clip(upscaler, tmp_path):
    larger(CLIP, tmp_path / "big.mkv", upscaler, codec="ffv1", part=videos.Part(10, 12))
    small, big = made.decoded(CLIP)[10:12], made.decoded(tmp_path / "big.mkv")
    for (_, planes), (_, others) in zip(small, big, strict=True):
        np.testing.assert_array_equal(upscaler.tables(planes[0]), others[0])


# interrupted


def test_interrupted_video_is_taken_up(upscaler, tmp_path, monkeypatch):
    small_segments(monkeypatch)
    source = made.write_video(tmp_path / "video.mkv", made.pictures(18, 32, 24))
    target = tmp_path / "big.mkv"
    done: list[int] = []

    def interrupt() -> None:
        done.append(1)
        if len(done) == 13:
            raise KeyboardInterrupt

    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        videos.upscale(videos.probe(source), target, upscaler, videos.Options(), interrupt)
    assert not target.exists() and threading.active_count() <= threads
    assert larger(source, target, upscaler).resumed == 10
    larger(source, tmp_path / "straight.mkv", upscaler)
    same_frames(made.decoded(target), made.decoded(tmp_path / "straight.mkv"))
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_killed_video_is_taken_up(model, upscaler, tmp_path, monkeypatch):
    source = made.write_video(tmp_path / "video.mkv", made.pictures(12, 32, 24))
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from iqlut import upscaling, videos; from iqlut.tables import shipped_models\n"
        "from iqlut.videos import resumable_segments, y4m\n"
        "resumable_segments.GROUP, left = 5, [7]\n"
        "tables = shipped_models.load(sys.argv[1])\n"
        "def advance():\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "upscaler = videos.Upscaler(upscaling.upscaler(tables, 'reference', 1), 4, tables.sha256)\n"
        "video, target = videos.probe(Path(sys.argv[2])), Path(sys.argv[3])\n"
        "videos.upscale(video, target, upscaler, videos.Options('ffv1'), advance)\n"
    )
    target = tmp_path / "big.mkv"
    assert subprocess.run([sys.executable, "-c", code, model, source, target]).returncode == -9
    assert not target.exists()
    small_segments(monkeypatch)
    assert larger(source, target, upscaler, codec="ffv1").resumed == 5
    same_frames(made.decoded(target), upscaled(source, videos.probe(source).layout, upscaler))


def test_other_options_begin_anew(upscaler, tmp_path, monkeypatch):
    small_segments(monkeypatch, 2)
    source = made.write_video(tmp_path / "video.mkv", made.pictures(4, 32, 24))
    monkeypatch.setattr(
        "iqlut.videos.muxing.join", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        larger(source, tmp_path / "big.mkv", upscaler, codec="ffv1")
    monkeypatch.undo()
    assert larger(source, tmp_path / "big.mkv", upscaler, codec="h264").resumed == 0


def test_the_source_is_opened_three_times(rich, upscaler, tmp_path, monkeypatch):
    """It is opened to probe it, to decode it, and to copy its other streams.

    All other files that are opened are outputs.
    """
    opened, plain = [], av.open

    def counted(file, *arguments, **named):
        opened.append(str(file))
        return plain(file, *arguments, **named)

    monkeypatch.setattr(av, "open", counted)
    larger(rich, tmp_path / "big.mkv", upscaler, codec="ffv1")
    assert opened.count(str(rich.absolute())) == 3
