"""What cannot be done with a video is said in one sentence, and nothing is left of it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")

import av

import video_files as made
from command_line import refuses, upscale
from iqlut import upscaling, videos
from iqlut.batch.one_file import PictureError, Size, UpscaleOptions, upscale_file
from iqlut.batch.one_video import upscale_video_with
from iqlut.batch.planning import Job
from iqlut.tables import shipped_models
from iqlut.videos import decoding


@pytest.fixture
def upscaler(model: str) -> videos.Upscaler:
    tables = shipped_models.load(model)
    return videos.Upscaler(upscaling.upscaler(tables, "reference", 1), tables.scale, tables.sha256)


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    return made.rich_video(tmp_path / "rich.mkv")


def bad_videos(folder: Path) -> dict[str, tuple[dict[str, object], str]]:
    """Names of files in `folder`, the options they are tried with, and what must be said."""
    made.rich_video(folder / "rich.mkv")
    whole = made.write_video(folder / "long.mkv", made.pictures(75, 48, 32)).read_bytes()
    (folder / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.mkv").write_bytes(b"")
    (folder / "text.mp4").write_text("no video at all")
    made.video_with_cover(folder / "cover.mp4")
    (folder / "text.mkv").write_bytes(whole)
    made.sound_alone(folder / "sound.mkv")
    made.write_video(folder / "none.mkv", made.pictures(1, 32, 24), ticks=[])
    made.write_video(folder / "none.mp4", made.pictures(1, 32, 24), "libx264", ticks=[])
    made.write_video(
        folder / "rgb.mkv", [frame.reformat(format="bgr0") for frame in made.pictures(2, 32, 24)]
    )
    made.write_video(folder / "fine.mkv", made.pictures(2, 32, 24))
    return {
        "absent.mkv": ({}, "there is no file"),
        "empty.mkv": ({}, "is not a video"),
        "text.mp4": ({}, "is not a video"),
        "sound.mkv": ({}, "has no video (only audio)"),
        "none.mkv": ({}, "has no frames"),
        "none.mp4": ({}, "has no video (nothing at all)"),
        "cut.mkv": ({}, "is cut short"),
        "rgb.mkv": ({}, "pixel format bgr0"),
        "fine.mkv": ({"codec": "theora"}, "expected one of h264"),
        "long.mkv": ({"codec": "ffv1", "crf": 3.0}, "takes no --crf"),
        "cover.mp4": ({"preset": "silly"}, "rejects --crf 18 --preset silly"),
        "text.mkv": ({"crf": 99.0}, "expected 0 to 51"),
        "rich.mkv": ({"part": videos.Part(50)}, "correct --frames"),
    }


def test_bad_videos(upscaler, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name, (options, words) in bad_videos(folder).items():
        with pytest.raises(videos.VideoError) as caught:
            upscale_video_with(
                Job(folder / name, tmp_path / "big.mkv", name), upscaler, videos.Options(**options)
            )  # type: ignore[arg-type]
        assert words in str(caught.value) and len(str(caught.value).splitlines()) == 1, name
        assert list(tmp_path.iterdir()) == [folder], name


@pytest.mark.parametrize("kind", ["ArgumentError", "InvalidDataError", "PatchWelcomeError"])
def test_packets_that_no_decoder_takes_are_damage(kind):
    """FFmpeg says it in several ways; a decoder that refuses to open is an invalid argument."""
    damage = []
    assert decoding.frames_of(Refused(getattr(av.error, kind)), damage) == []
    assert damage == ["the packet at byte 5"]
    with pytest.raises(MemoryError):
        decoding.frames_of(Refused(av.error.MemoryError), damage)


class Refused:
    """A packet whose decoder raises an error."""

    pos = 5

    def __init__(self, kind):
        self._kind = kind

    def decode(self):
        raise self._kind(22, "refused")


def test_bad_outputs(rich, model, tmp_path):
    taken = tmp_path / "taken.mkv"
    taken.write_bytes(b"old")
    before = rich.read_bytes()
    for target, words in {
        taken: "--overwrite",
        rich: "its own output",
        tmp_path: "is a folder",
        tmp_path / "big.xyz": "a supported video format",
        tmp_path / "big.mp4": "cannot hold stream 3",
        tmp_path / "big.webm": "cannot hold stream 3",
    }.items():
        options = UpscaleOptions(
            (shipped_models.load(model),),
            Size(4),
            "reference",
            overwrite=target == rich,
            target_is_named=True,
        )
        with pytest.raises(PictureError, match=words):
            upscale_file(Job(rich, target, "rich.mkv", is_video=True), options)
    assert rich.read_bytes() == before and taken.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == [rich, taken]


def test_frames_that_are_too_large(model, tmp_path, capsys):
    """The limit of pictures holds for each frame of a video, also of a pipe."""
    video = made.write_video(tmp_path / "video.mkv", made.pictures(2, 32, 24))
    (tmp_path / "video.y4m").write_bytes(b"YUV4MPEG2 W30000 H30000 F25:1 C420jpeg\nFRAME\n")
    for name, target, limit in (
        ("video.mkv", "big.mkv", 0.000767),
        ("video.mkv", "big.y4m", 0.000767),
        ("video.y4m", "big.y4m", 200),
    ):
        code = upscale(model, tmp_path / name, "-o", tmp_path / target, "--max-megapixels", limit)
        refuses(capsys, code, name, "million pixels", "--max-megapixels")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["video.mkv", "video.y4m"]
    assert upscale(model, video, "-o", tmp_path / "big.mkv", "--max-megapixels", 0.000768) == 0


def test_several_videos(model, tmp_path, capsys):
    """One that fails does not stop the rest; what exists is skipped."""
    (tmp_path / "out").mkdir()
    sources = [
        made.write_video(tmp_path / name, made.pictures(2, 32, 24))
        for name in ("a.mkv", "b.avi", "c.mkv")
    ]
    sources[0].write_bytes(b"\x1aE\xdf\xa3 and no more")
    (tmp_path / "out" / "c.mkv").write_bytes(b"old")
    assert upscale(model, *sources, "-o", tmp_path / "out", "--json") == 1
    captured = capsys.readouterr()
    assert {Path(row["source"]).name: row["status"] for row in json.loads(captured.out)} == {
        "a.mkv": "failed", "b.avi": "done", "c.mkv": "skipped"
    }  # fmt: skip
    assert "a.mkv is not a video" in captured.err
    assert "1 of 3 videos upscaled, 1 skipped because they exist, 1 failed" in captured.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b.mkv", "c.mkv"]
    assert upscale(model, *sources, "-o", tmp_path / "one.mkv") == 2


@pytest.mark.skipif(os.name != "posix", reason="limits as POSIX has them")
def test_full_disk(model, tmp_path):
    """A limit on the size of files has the same effect as a full disk."""
    source = made.write_video(tmp_path / "video.mkv", made.pictures(30, 64, 48))
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from iqlut import upscaling, videos; from iqlut.tables import shipped_models\n"
        "from iqlut.batch.one_video import upscale_video_with\n"
        "from iqlut.batch.planning import Job\n"
        "tables = shipped_models.load(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))\n"
        "upscaler = videos.Upscaler(upscaling.upscaler(tables, 'reference', 1), 4, tables.sha256)\n"
        "job = Job(Path(sys.argv[2]), Path(sys.argv[3]), '')\n"
        "try: upscale_video_with(job, upscaler, videos.Options('ffv1'))\n"
        "except videos.VideoError as error: sys.exit(str(error))\n"
    )
    command = [sys.executable, "-c", code, model, source, tmp_path / "big.mkv"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1 and "cannot be written (File too large)" in run.stderr, run.stderr
    assert len(run.stderr.splitlines()) == 1 and not (tmp_path / "big.mkv").exists()


@pytest.mark.parametrize("name", ["big.mkv", "big.y4m"])
def test_read_only_folder(rich, model, tmp_path, capsys, monkeypatch, name):
    """Mocked, since the administrator may write anywhere."""

    plain = Path.open

    def refuse(self, mode="x", *arguments, **named):
        if mode not in ("r", "rb"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return plain(self, mode, *arguments, **named)

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    code = upscale(model, rich, "-o", tmp_path / name)
    refuses(capsys, code, f"{name} cannot be written (Permission denied)")
    assert list(tmp_path.iterdir()) == [rich]


def test_without_pyav(rich, upscaler, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(videos.VideoError, match=r"pip install 'iqlut\[video\]'"):
        upscale_video_with(Job(rich, tmp_path / "big.mkv", ""), upscaler, videos.Options())
