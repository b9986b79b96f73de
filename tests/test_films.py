"""Films come back larger with everything they had, also after an interruption."""

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

av = pytest.importorskip("av", reason="films need PyAV: pip install 'iqlut[video]'")

import film_files as made  # noqa: E402
from iqlut import api, films  # noqa: E402
from iqlut.films import segments, y4m  # noqa: E402
from iqlut.films.planes import Layout, enlarge  # noqa: E402

SCALE = 4
CLIP = Path(__file__).parents[2] / "shared" / "data" / "video" / "bikes.mp4"


@pytest.fixture
def enlarger(model: str) -> films.Enlarger:
    tables = api.load(model)
    return films.Enlarger(api.enlarger(tables, "reference", 1), SCALE, tables.sha256)


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    return made.rich_film(tmp_path / "rich.mkv")


def small_segments(monkeypatch: pytest.MonkeyPatch, frames: int = 5) -> None:
    monkeypatch.setattr(segments, "GROUP", frames)


def larger(source: Path, target: Path, enlarger: films.Enlarger, **options: object) -> films.Outcome:
    """The whole way, without a command around it."""
    wanted = films.Options(**options)  # type: ignore[arg-type]
    return films.upscale(films.probe(source, wanted.part), target, enlarger, wanted, lambda: None)


def same_frames(one: list, other: list) -> None:
    assert [pts for pts, _ in one] == [pts for pts, _ in other]
    for (_, planes), (_, others) in zip(one, other, strict=True):
        for plane, plane_2 in zip(planes, others, strict=True):
            np.testing.assert_array_equal(plane, plane_2)


def enlarged(path: Path, layout: Layout, enlarger: films.Enlarger) -> list:
    return [(pts, enlarge(planes, layout, SCALE, enlarger.tables)) for pts, planes in made.decoded(path)]


# what is kept


@pytest.mark.parametrize("codec", ["h264", "hevc", "ffv1"])
def test_every_stream_tag_chapter_and_time_is_kept(rich, enlarger, tmp_path, monkeypatch, codec):
    small_segments(monkeypatch)
    outcome = larger(rich, tmp_path / "big.mkv", enlarger, codec=codec)
    before, after = made.facts(rich), made.facts(tmp_path / "big.mkv")
    assert outcome.frames == len(made.TICKS) and outcome.notes == ()
    for kept in ("tags", "chapters", "film", "files"):
        assert after[kept] == before[kept], kept
    assert after["streams"][0] == ("video", codec, before["streams"][0][2])
    assert after["streams"][1:] == before["streams"][1:]
    assert [pts for pts, *_ in sorted(after["packets"][0])] == made.TICKS
    for index in (1, 2, 3):
        assert after["packets"][index] == before["packets"][index]
    assert abs(after["duration"] - before["duration"]) <= 40_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["big.mkv", "rich.mkv"]


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "gray", "yuv420p10le", "yuv422p10le"])
@pytest.mark.parametrize("size", [(48, 32), (21, 15)])
def test_planes_are_those_of_the_engine(enlarger, tmp_path, pixel_format, size):
    source = made.write_video(tmp_path / "film.mkv", made.pictures(3, *size, pixel_format))
    film = films.probe(source)
    larger(source, tmp_path / "big.mkv", enlarger, codec="ffv1")
    frames = made.decoded(tmp_path / "big.mkv")
    same_frames(frames, enlarged(source, film.layout, enlarger))
    if film.layout.depth == 8:
        small = made.decoded(source)[1][1][0]
        np.testing.assert_array_equal(frames[1][1][0], enlarger.tables(np.ascontiguousarray(small)))


def test_lossless_h264_gives_the_same_planes(enlarger, tmp_path):
    source = made.write_video(tmp_path / "film.mkv", made.pictures(8, 32, 24))
    larger(source, tmp_path / "big.mp4", enlarger, codec="h264", crf=0.0, preset="veryfast")
    frames = enlarged(source, films.probe(source).layout, enlarger)
    assert [(pts * 16, planes) for pts, planes in frames][1][0] == made.decoded(tmp_path / "big.mp4")[1][0]
    for (_, planes), (_, others) in zip(frames, made.decoded(tmp_path / "big.mp4"), strict=True):
        np.testing.assert_array_equal(planes[0], others[0])


def test_colour_aspect_and_rotation_are_kept(enlarger, tmp_path):
    look = {"color_range": 2, "color_primaries": 9, "color_trc": 16, "colorspace": 9, "rotation": 90}
    look["sample_aspect_ratio"] = Fraction(16, 15)
    source = made.write_video(tmp_path / "film.mp4", made.pictures(3, 32, 24, "yuv420p10le"), "libx264", None, {}, look)
    for name, options in {"a.mp4": {}, "b.mkv": {"codec": "h264"}, "c.mov": {}}.items():
        larger(source, tmp_path / name, enlarger, **options)
        with av.open(str(tmp_path / name)) as film:
            frame = next(film.decode(video=0))
            assert (frame.width, frame.height, frame.format.name) == (128, 96, "yuv420p10le"), name
            colour = (frame.color_range, frame.color_primaries, frame.color_trc, frame.colorspace)
            assert tuple(map(int, colour)) == (2, 9, 16, 9), name
            assert frame.rotation == 90 and film.streams.video[0].sample_aspect_ratio == Fraction(16, 15), name


def test_covers_are_no_films(enlarger, tmp_path):
    source = made.film_with_cover(tmp_path / "film.mp4")
    for name in ("big.mp4", "big.mkv"):
        larger(source, tmp_path / name, enlarger)
        with av.open(str(tmp_path / name)) as film:
            covers = [stream for stream in film.streams.video if stream.disposition & 1024]
            assert len(covers) == 1 and len(film.streams.video) == 2, name
            assert [bytes(packet) for packet in film.demux(covers[0]) if packet.size] == [made.cover()], name


def test_part_of_a_film(rich, enlarger, tmp_path):
    whole = made.rich_film(tmp_path / "whole.mkv")
    outcome = larger(whole, tmp_path / "big.mkv", enlarger, codec="ffv1", part=films.Part(3, 9))
    frames = enlarged(whole, outcome.layout, enlarger)[3:9]
    same_frames(made.decoded(tmp_path / "big.mkv"), [(pts - made.TICKS[3], planes) for pts, planes in frames])
    after = made.facts(tmp_path / "big.mkv")
    assert [title["metadata"]["title"] for title in after["chapters"]] == ["One", "Two"]
    assert [(pts, duration) for pts, duration, _ in after["packets"][3]] == [(0, 37), (177, 100)]
    assert min(after["packets"][1])[0] == 144 - made.TICKS[3]


def test_film_to_y4m(rich, enlarger):
    file = io.BytesIO()
    film = films.probe(rich)
    outcome = films.upscale_to_y4m(film, file, enlarger, films.Part(), lambda: None)
    assert outcome.frames == len(made.TICKS) and "neither sound nor time stamps" in outcome.notes[0]
    file.seek(0)
    header = y4m.read_header(file, "result")
    assert header.words == ("W192", "H128", "F25:1", "Ip", "A0:0", "C420mpeg2", "XCOLORRANGE=LIMITED")
    planes = [planes for _, planes in enlarged(rich, film.layout, enlarger)]
    for wanted, found in zip(planes, y4m.read_frames(file, header.layout, "result"), strict=True):
        for plane, plane_2 in zip(wanted, found, strict=True):
            np.testing.assert_array_equal(plane, plane_2)


@pytest.mark.skipif(not CLIP.exists(), reason=f"there is no {CLIP}")
def test_real_clip(enlarger, tmp_path):
    larger(CLIP, tmp_path / "big.mkv", enlarger, codec="ffv1", part=films.Part(10, 12))
    small, big = made.decoded(CLIP)[10:12], made.decoded(tmp_path / "big.mkv")
    for (_, planes), (_, others) in zip(small, big, strict=True):
        np.testing.assert_array_equal(enlarger.tables(planes[0]), others[0])


# interrupted


def test_interrupted_film_is_taken_up(enlarger, tmp_path, monkeypatch):
    small_segments(monkeypatch)
    source = made.write_video(tmp_path / "film.mkv", made.pictures(18, 32, 24))
    target = tmp_path / "big.mkv"
    done: list[int] = []

    def interrupt() -> None:
        done.append(1)
        if len(done) == 13:
            raise KeyboardInterrupt

    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        films.upscale(films.probe(source), target, enlarger, films.Options(), interrupt)
    assert not target.exists() and threading.active_count() <= threads
    assert larger(source, target, enlarger).resumed == 10
    larger(source, tmp_path / "straight.mkv", enlarger)
    same_frames(made.decoded(target), made.decoded(tmp_path / "straight.mkv"))
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_killed_film_is_taken_up(model, enlarger, tmp_path, monkeypatch):
    source = made.write_video(tmp_path / "film.mkv", made.pictures(12, 32, 24))
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from iqlut import api, films; from iqlut.films import segments, y4m\n"
        "segments.GROUP, left, tables = 5, [7], api.load(sys.argv[1])\n"
        "def advance():\n    left[0] -= 1\n    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "enlarger = films.Enlarger(api.enlarger(tables, 'reference', 1), 4, tables.sha256)\n"
        "films.upscale(films.probe(Path(sys.argv[2])), Path(sys.argv[3]), enlarger, films.Options('ffv1'), advance)\n"
    )
    target = tmp_path / "big.mkv"
    assert subprocess.run([sys.executable, "-c", code, model, source, target]).returncode == -9
    assert not target.exists()
    small_segments(monkeypatch)
    assert larger(source, target, enlarger, codec="ffv1").resumed == 5
    same_frames(made.decoded(target), enlarged(source, films.probe(source).layout, enlarger))


def test_other_options_begin_anew(enlarger, tmp_path, monkeypatch):
    small_segments(monkeypatch, 2)
    source = made.write_video(tmp_path / "film.mkv", made.pictures(4, 32, 24))
    monkeypatch.setattr("iqlut.films.streams.join", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        larger(source, tmp_path / "big.mkv", enlarger, codec="ffv1")
    monkeypatch.undo()
    assert larger(source, tmp_path / "big.mkv", enlarger, codec="h264").resumed == 0
