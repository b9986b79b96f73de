"""Links, appearing files, killed runs, mixed arguments: nothing is replaced, lost or left over."""

from __future__ import annotations

import errno
import io
import os
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from command_line import refuses, upscale
from iqlut import atomic_files, cli
from iqlut.command_line import exit_codes, pipes
from iqlut.videos import y4m
from picture_files import encoded, noise, opened

ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such links and devices")
HEADER = b"YUV4MPEG2 W4 H4 F25:1 C420jpeg\n"
FRAME = b"FRAME\n" + bytes(24)
STRAY = ".{}.iqlut-0badcafe.part"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    noise("RGB", (5, 4)).save(path)
    return path


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_y4m_file_that_appears_is_kept(overwrite, model, tmp_path, monkeypatch, capsys):
    source, target = tmp_path / "a.y4m", tmp_path / "b.y4m"
    source.write_bytes(HEADER + 2 * FRAME)
    write_frame = y4m.write_frame

    def appear(*arguments):
        target.write_bytes(b"precious")
        write_frame(*arguments)

    monkeypatch.setattr(y4m, "write_frame", appear)
    options = ["--overwrite"] if overwrite else []
    code = upscale(model, source, "-o", target, "-q", *options)
    if overwrite:
        assert code == 0 and target.read_bytes().startswith(b"YUV4MPEG2")
    else:
        refuses(capsys, code, "b.y4m was created by another program", "--overwrite")
        assert target.read_bytes() == b"precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.y4m", "b.y4m"]


@ON_POSIX
def test_a_link_to_itself_costs_its_own_picture_only(model, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        noise("RGB", (5, 4)).save(tmp_path / "in" / name)
    (tmp_path / "out" / "b.png").symlink_to("b.png")
    assert upscale(model, tmp_path / "in", "-o", tmp_path / "out", "-q") == exit_codes.FAILED
    said = capsys.readouterr().err
    assert "b.png" in said and "error in iqlut" not in said and len(said.splitlines()) == 1
    assert opened(tmp_path / "out" / "a.png").size == opened(tmp_path / "out" / "c.png").size


def test_a_claim_that_cannot_be_released_is_swept_later(tmp_path, monkeypatch):
    def fails(_file, _path):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))

    with monkeypatch.context() as patched:
        patched.setattr(atomic_files, "remove_locked", fails)
        with atomic_files.claimed(tmp_path / "a.png") as is_mine:
            assert is_mine
    assert len(list(tmp_path.iterdir())) == 1
    assert atomic_files.sweep(tmp_path) == 1 and not list(tmp_path.iterdir())


def test_both_files_of_a_comparison_or_none(photo, model, tmp_path, monkeypatch, capsys):
    write_atomically, output = atomic_files.write_atomically, tmp_path / "c"

    def full(path, fill, replace=True):
        if path.suffix == ".html":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_atomically(path, fill, replace)

    command = ["compare", str(photo), "-m", model, "-o", str(output)]
    with monkeypatch.context() as patched:
        patched.setattr(atomic_files, "write_atomically", full)
        refuses(capsys, cli.main(command), "c.html cannot be written", "No space left")
    assert list(tmp_path.glob("*c.*")) == []
    assert cli.main(command) == 0
    assert sorted(path.name for path in tmp_path.glob("c.*")) == ["c.html", "c.png"]


@ON_POSIX
def test_what_killed_runs_left_behind_a_link_is_removed(photo, model, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "here.png").symlink_to("there/here.png")
    (tmp_path / "there" / STRAY.format("here.png")).write_bytes(b"half")
    assert upscale(model, photo, "-o", tmp_path / "here.png", "-q") == 0
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["here.png"]


def test_what_killed_runs_left_of_decoded_images_is_removed(tmp_path):
    pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")
    from iqlut.training import plane_cache

    (tmp_path / STRAY.format("hr.npy")).write_bytes(b"half")
    plane_cache.write(tmp_path, "key", lambda _planes: [])
    assert not list(tmp_path.glob(".*"))


def test_sources_of_a_run_are_not_replaced(photo, model, tmp_path, capsys):
    second = tmp_path / "photo_x4.png"
    noise("L", (3, 3)).save(second)
    before = photo.read_bytes(), second.read_bytes()
    code = upscale(model, photo, second, "--scale", 4, "--overwrite", "-q")
    assert code == exit_codes.FAILED
    assert "photo_x4.png, which is upscaled in the same run" in capsys.readouterr().err
    assert (photo.read_bytes(), second.read_bytes()) == before
    assert opened(tmp_path / "photo_x4_x4.png").size == (12, 12)


def test_the_picture_is_not_replaced_by_its_comparison(photo, capsys):
    before = photo.read_bytes()
    code = cli.main(["compare", str(photo), "-o", str(photo.with_suffix("")), "--overwrite"])
    refuses(capsys, code, "photo.png is the picture itself")
    assert photo.read_bytes() == before


@ON_POSIX
def test_copies_of_piped_videos_that_killed_runs_left(tmp_path, monkeypatch):
    left, used, other = (tmp_path / name for name in ("iqlut-left", "iqlut-used", "else"))
    for folder in (left, used, other):
        folder.mkdir()
        (folder / "stdin").write_bytes(b"video")
    monkeypatch.setattr(pipes.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"\x1aE\xdf\xa3" + bytes(99))))
    )
    with (used / "stdin").open("rb") as file:
        assert atomic_files.lock(file)
        with pipes.video_as_file([Path("-")], tmp_path / "b.mkv") as (copy,):
            assert copy.stat().st_size == 103
            assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
                ["else", "iqlut-used", copy.parent.name]
            )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["else", "iqlut-used"]


LONG = "n" * 300


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "PHOTO", "-o", f"{LONG}.png"),
        ("compare", f"{LONG}.png"),
        ("export", "c", "l8c8-x4", "-o", LONG),
        ("evaluate", LONG),
        ("compare", "PHOTO", "-o", "."),
        ("compare", "PHOTO", "-o", ".."),
        ("compare", "."),
        ("compare", "/"),
        ("train", "--init", f"{LONG}.toml"),
        ("data", "check", LONG),
        ("convert", "FOLDER", "-o", "x.iqlut"),
        ("convert", "PHOTO", "-o", f"{LONG}.iqlut"),
    ],
)
def test_names_that_cannot_be_meant(words, photo, tmp_path, monkeypatch, capsys):
    if words[0] in ("train", "data", "convert"):
        pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")
    monkeypatch.chdir(tmp_path)
    stands_for = {"PHOTO": str(photo), "FOLDER": str(tmp_path)}
    code = cli.main([stands_for.get(word, word) for word in words])
    refuses(capsys, code)
    assert list(tmp_path.iterdir()) == [photo]


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are no text")
def test_a_configuration_whose_name_is_no_text(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"b\xff.toml")
    assert cli.main(["train", "--init", name]) == 0
    assert "name = " in Path(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [0, 1, 2, 5, 9, 30])
@pytest.mark.parametrize("words", [["--help"], ["upscale", "--help"]])
def test_help_on_a_narrow_terminal(columns, words, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert cli.main(words) == 0
    assert "usage" in capsys.readouterr().out


def test_pixels_that_are_not_square_are_named(model, tmp_path, capsys):
    image = noise("RGB", (5, 4))
    chunk = b"\0\0\0\x09pHYs" + bytes([0, 0, 0, 2, 0, 0, 0, 1, 0])
    whole = encoded(image, "PNG")
    checksum = zlib.crc32(chunk[4:]).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(whole[:33] + chunk + checksum + whole[33:])
    jpeg = bytearray(encoded(image, "JPEG"))
    place = jpeg.index(b"JFIF\0") + 7
    jpeg[place : place + 5] = bytes([0, 0, 2, 0, 1])
    (tmp_path / "a.jpg").write_bytes(bytes(jpeg))
    image.save(tmp_path / "a.tif", resolution_unit=1, x_resolution=2.0, y_resolution=1.0)
    for name in ("a.png", "a.jpg", "a.tif"):
        assert upscale(model, tmp_path / name, "-o", tmp_path / f"big-{name}") == 0
        assert "the shape of the pixels, which are not square" in capsys.readouterr().err
    assert np.asarray(opened(tmp_path / "big-a.png")).shape[2] == 3
