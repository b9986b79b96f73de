"""Default names, patterns, names that nobody can use, pipes and devices; one stops no other."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from command_line import refuses, rows, upscale
from iqlut import cli, upscaling, videos
from iqlut.command_line import exit_codes, pipes
from iqlut.path_states import is_device
from iqlut.videos import y4m
from iqlut.videos.frame_planes import Layout
from picture_files import noise, opened
from picture_folder import below
from test_pipes import ON_POSIX, shell


def save(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise("RGB", (5, 4)).save(path)
    return path


# names of results


def test_the_default_name_is_beside_the_input(model, tmp_path, capsys):
    photo = save(tmp_path / "photo.png")
    for arguments, name in (
        ((), "photo_x4.png"),
        (("--width", 12), "photo_w12.png"),
        (("--height", 9), "photo_h9.png"),
        (("--size", "9x7"), "photo_9x7.png"),
        (("-f", "jpg"), "photo_x4.jpg"),
    ):
        assert upscale(model, photo, *arguments, "-q") == 0
        assert (tmp_path / name).exists(), name
    refuses(capsys, upscale(model, photo), "photo_x4.png exists", "--overwrite")
    code = upscale(model, "-")
    refuses(capsys, code, "no output is named", "stdin has no name")
    assert opened(photo).size == (5, 4)


def test_default_names_of_several_files_and_folders(model, tmp_path, monkeypatch):
    for name in ("a.png", "b.jpg", "in/c.png", "in/deep/d.png"):
        save(tmp_path / name)
    assert upscale(model, tmp_path / "a.png", tmp_path / "b.jpg", tmp_path / "in", "-q") == 0
    found = {"a_x4.png", "b_x4.jpg", "in_x4/c.png", "in_x4/deep/d.png"}
    assert found <= below(tmp_path)
    monkeypatch.chdir(tmp_path / "in")
    assert upscale(model, ".", "-q", "--overwrite") == 0
    assert below(tmp_path / "in_x4") == {"c.png", "deep/d.png"}


def test_equal_stems_become_two_files(model, tmp_path):
    for name in ("in/a.png", "in/a.jpg", "in/a.webp", "in/b.jpg"):
        save(tmp_path / name)
    assert upscale(model, tmp_path / "in", "-o", tmp_path / "out", "-f", "png", "-q") == 0
    assert below(tmp_path / "out") == {"a.png", "a.jpg.png", "a.webp.png", "b.png"}


def test_one_pair_does_not_stop_the_rest(model, tmp_path, capsys):
    pair = [save(tmp_path / "one" / "a.png"), save(tmp_path / "two" / "a.png")]
    other = save(tmp_path / "b.png")
    code = upscale(model, *pair, other, "-o", tmp_path / "out", "--json", "-q")
    assert code == exit_codes.FAILED and below(tmp_path / "out") == {"b.png"}
    found = {row["source"]: row["status"] for row in rows(capsys)}
    assert found == {str(pair[0]): "failed", str(pair[1]): "failed", str(other): "done"}


# patterns


def test_a_pattern_does_not_upscale_its_own_results(model, tmp_path):
    photos = tmp_path / "photos"
    for name in ("a.png", "deep/b.png"):
        save(photos / name)
    for arguments, results in (
        ((photos / "**" / "*.png", "-o", photos / "big"), {"big/a.png", "big/deep/b.png"}),
        ((photos / "**" / "*.png",), {"a_x4.png", "deep/b_x4.png"}),
    ):
        for _ in range(2):
            assert upscale(model, *arguments, "-q") == 0
            assert below(photos) == {"a.png", "deep/b.png"} | results
        for name in results:
            (photos / name).unlink()


@ON_POSIX
def test_loops_of_links_are_walked_once(model, tmp_path):
    photos = tmp_path / "photos"
    save(photos / "deep" / "a.png")
    for name in ("loop", "deep/back", "deep/again"):
        (photos / name).symlink_to(photos)
    (photos / "itself.png").symlink_to("itself.png")
    for source in (photos, photos / "**" / "*.png"):
        target = tmp_path / f"out{len(str(source))}"
        assert upscale(model, source, "-o", target, "-q") == 0
        assert below(target) == {"deep/a.png"}
    named = tmp_path / "named"
    assert upscale(model, photos / "loop" / "*" / "*.png", "-o", named, "-q") == 0
    assert "deep/a.png" in below(named)  # a link that a pattern names is followed


def test_a_pattern_without_matches_is_reported(model, tmp_path, capsys):
    photo = save(tmp_path / "a.png")
    code = upscale(model, tmp_path / "*.tif", photo, "-o", tmp_path / "out", "-q")
    assert code == exit_codes.FAILED and below(tmp_path / "out") == {"a.png"}
    assert "there is no picture or video in" in capsys.readouterr().err


# names and folders that nobody can use


@ON_POSIX
def test_unreadable_folders_are_named(model, tmp_path, capsys, monkeypatch):
    """For a pattern and for a folder; the other folders are processed."""
    photos = tmp_path / "photos"
    for name in ("a.png", "closed/b.png", "open/c.png"):
        save(photos / name)
    scandir = os.scandir

    def refuse(path="."):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    for number, source in enumerate((photos, photos / "**" / "*.png")):
        code = upscale(model, source, "-o", tmp_path / f"out{number}", "-q")
        monkeypatch.undo() if number else None
        assert code == exit_codes.FAILED
        said = capsys.readouterr().err
        assert f"the folder {photos / 'closed'} cannot be read (Permission denied)" in said
    for number in range(2):
        assert below(tmp_path / f"out{number}") == {"a.png", "open/c.png"}


@ON_POSIX
def test_bad_names_do_not_stop_the_rest(model, tmp_path, capsys):
    photo = save(tmp_path / "in" / "a.png")
    long = save(tmp_path / "in" / f"{251 * 'n'}.png")
    loop = tmp_path / "in" / "loop.png"
    loop.symlink_to(loop.name)
    names = [photo, long, loop, tmp_path / ("x" * 300), tmp_path / "none.png"]
    code = upscale(model, *names, "-o", tmp_path / "out", "-f", "webp", "-q")
    said = capsys.readouterr().err
    assert code == exit_codes.FAILED and below(tmp_path / "out") == {"a.webp"}
    assert "has a longer name than its folder allows" in said
    assert len(said.splitlines()) == 4 and "error in iqlut" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-8:surrogateescape"])
def test_json_is_valid_utf8(encoding, model, tmp_path):
    """Also where a name is no text, and where stdout has another encoding."""
    name = os.fsdecode(b"caf\xe9 \xc3\xa9.png")
    save(tmp_path / name)
    command = [sys.executable, "-m", "iqlut", "upscale", tmp_path, "-o", tmp_path / "out"]
    done = subprocess.run(
        [*command, "--json", "--dry-run", "-m", model, "--engine", "reference"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout.decode("utf-8"))
    assert row["source"] == str(tmp_path / name)


# pipes and devices


@ON_POSIX
@pytest.mark.parametrize(
    "words",
    [
        "iqlut upscale <(cat photo.png) -o big.png -m $MODEL",
        "cat photo.png | iqlut upscale /dev/stdin -o big.png -m $MODEL",
        "iqlut upscale /dev/stdin -o big.png -m $MODEL < photo.png",
        "mkfifo pipe; cat photo.png > pipe & iqlut upscale pipe -o big.png -m $MODEL",
        "iqlut upscale photo.png -o /dev/stdout -m $MODEL > big.png",
        "iqlut upscale photo.png -o >(cat > big.png) -m $MODEL; sleep 0.2",
        "mkfifo pipe; cat pipe > big.png & iqlut upscale photo.png -o pipe -m $MODEL; wait",
    ],
)
def test_pipes_that_are_named_like_files(words, model, tmp_path):
    picture = noise("RGB", (6, 5))
    picture.save(tmp_path / "photo.png")
    done = shell(words, model, b"", tmp_path)
    assert done.returncode == 0, done.stderr
    expected = upscaling.upscale(np.array(picture), model=model)
    np.testing.assert_array_equal(np.array(opened(tmp_path / "big.png")), expected)


@ON_POSIX
def test_a_video_in_a_pipe_that_is_named(model, tmp_path):
    header = b"YUV4MPEG2 W8 H6 F25:1 C420jpeg\n"
    (tmp_path / "a.y4m").write_bytes(header + 2 * (b"FRAME\n" + bytes(72)))
    words = "iqlut upscale <(cat a.y4m) -o /dev/stdout -m $MODEL > b.y4m"
    done = shell(words, model, b"", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b.y4m").read_bytes().startswith(b"YUV4MPEG2 W32 H24 ")


@ON_POSIX
@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("mkfifo pipe; cat a.mkv > pipe & iqlut upscale pipe -o b.mkv -m $MODEL", "b.mkv"),
        ("cat a.mkv | iqlut upscale - -o b.mkv -m $MODEL", "b.mkv"),
        ("iqlut upscale <(cat a.mkv) -o b.y4m -m $MODEL", "b.y4m"),
        ("cat a.mkv | iqlut upscale - -o - -m $MODEL > b.y4m", "b.y4m"),
        ("cat a.y4m | iqlut upscale - -o b.mkv -m $MODEL", "b.mkv"),
    ],
)
def test_videos_in_pipes_that_are_read_twice(words, name, model, tmp_path):
    """They are copied to a temporary file, which is removed."""
    pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")
    import video_files
    from iqlut.videos import decoding

    (tmp_path / "temporary").mkdir()
    frames = video_files.pictures(3, 16, 12)
    video_files.write_video(tmp_path / "a.mkv", frames)
    with (tmp_path / "a.y4m").open("wb") as file:
        layout = Layout(16, 12, 8, (1, 1))
        file.write(y4m.header(layout, Fraction(25), None, False).line())
        for frame in frames:
            y4m.write_frame(file, decoding.plane_views(frame, layout))
    done = shell(f"export TMPDIR=temporary; {words}", model, b"", tmp_path)
    assert done.returncode == 0, done.stderr
    found = videos.probe(tmp_path / name)
    assert (found.layout.width, found.layout.height, found.frames) == (64, 48, 3)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_no_room_for_a_video_in_a_pipe(tmp_path, monkeypatch, capsys):
    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    video = io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"\x1aE\xdf\xa3" + bytes(300))))
    monkeypatch.setattr(sys, "stdin", video)
    monkeypatch.setattr(pipes.shutil, "copyfileobj", full)
    code = cli.main(["upscale", "-", "-o", str(tmp_path / "b.mkv")])
    refuses(capsys, code, "the video on stdin cannot be copied to", "No space left", "TMPDIR")
    assert list(tmp_path.iterdir()) == []


@ON_POSIX
@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
def test_devices_and_pipes_are_not_replaced(overwrite, photo, model, tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    assert upscale(model, photo, "-o", pipe, "-q", *overwrite) == 0
    reader.join(10)
    assert received[0].startswith(b"\x89PNG") and is_device(pipe)
    assert upscale(model, photo, "-o", "/dev/null", "-q", *overwrite) == 0
    assert is_device(Path("/dev/null"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_device(photo, model, capsys):
    code = upscale(model, photo, "-o", "/dev/full")
    refuses(capsys, code, "/dev/full cannot be written (No space left on device)")


def test_scales_beyond_the_tables_are_explained(photo, capsys):
    code = cli.main(["upscale", str(photo), "-s", "8"])
    refuses(capsys, code, "the scale is 8, expected 2, 3 or 4", "--width", "8 times the width")
