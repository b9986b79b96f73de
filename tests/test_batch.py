"""Many pictures: folders, patterns, pipes, skipped files, shards, reports and killed runs."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command_line import refuses, upscale
from iqlut import atomic_files, upscaling
from iqlut.batch import one_file
from iqlut.batch.pending_jobs import shard
from iqlut.batch.planning import plan
from iqlut.command_line import exit_codes, progress
from iqlut.pictures import reading
from iqlut.tables import shipped_models
from picture_files import encoded, noise, opened

ROOT = Path(__file__).parents[1]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder as people have them."""
    folder = tmp_path / "photos"
    for name in ("a.png", "two words/b.jpg", "two words/deep/ö.webp", "new\nline.png", "no ending"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        noise("RGB", (5, 4)).save(file, "PNG")
    for name in (
        "Thumbs.db",
        "two words/.DS_Store",
        "._a.png",
        "letter.txt",
        "__MACOSX/a.png",
        ".hidden/a.png",
    ):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"no picture")
    return folder


def below(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


PICTURES = {"a.png", "two words/b.jpg", "two words/deep/ö.webp", "new\nline.png", "no ending"}


def test_a_folder_is_mirrored(tree, model, tmp_path, capsys):
    assert upscale(model, tree, "-o", tmp_path / "big") == 0
    assert below(tmp_path / "big") == PICTURES
    printed = capsys.readouterr().err.splitlines()
    assert printed[-1].startswith(
        "5 of 5 pictures upscaled, "
        "4 files ignored because they are neither pictures nor videos, in 0:0"
    )
    assert len(printed) == 6 and any("new\\nline.png" in line for line in printed)
    assert upscale(model, tree, "-o", tmp_path / "big") == 0
    assert "0 of 5 pictures upscaled, 5 skipped because they exist" in capsys.readouterr().err


def test_pictures_that_cannot_be_read_are_named(model, tmp_path, capsys):
    """A folder from a telephone: what is not read must not pass for done."""
    noise("RGB", (5, 4)).save(tmp_path / "a.jpg")
    noise("RGB", (5, 4)).save(tmp_path / "in fact a.dng", "JPEG")  # goes by its content
    (tmp_path / "b.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    assert upscale(model, tmp_path, "-o", tmp_path / "big") == exit_codes.FAILED
    said = capsys.readouterr().err
    assert "b.HEIC is HEIF" in said and "2 of 3 pictures upscaled, 1 failed" in said
    assert below(tmp_path / "big") == {"a.jpg", "in fact a.dng"}


def test_results_below_the_sources_are_no_sources(tree, model):
    for _ in range(2):
        assert upscale(model, tree, "-o", tree / "big", "-q") == 0
        assert below(tree / "big") == PICTURES


def test_another_format(tree, model, tmp_path):
    assert upscale(model, tree, "-o", tmp_path / "big", "--format", "tif", "-q") == 0
    assert below(tmp_path / "big") == {
        "a.tif", "two words/b.tif", "two words/deep/ö.tif", "new\nline.tif", "no ending.tif"
    }  # fmt: skip


def test_patterns(tree, model, tmp_path):
    """As a shell without patterns passes them on."""
    assert upscale(model, tree / "**" / "*.[jw]*", "-o", tmp_path / "big", "-q") == 0
    assert below(tmp_path / "big") == {"two words/b.jpg", "two words/deep/ö.webp"}
    assert [job.relative for job in plan([tree / "*"], tmp_path).jobs] == [
        "a.png",
        "new\nline.png",
        "no ending",
    ]


def test_overwrite_and_dry_run(tree, model, tmp_path, capsys):
    big = tmp_path / "big"
    big.mkdir()
    (big / "a.png").write_bytes(b"old")
    before = below(tmp_path)
    assert upscale(model, tree, "-o", big, "--dry-run") == 0
    said = capsys.readouterr().err
    assert "4 of 5 pictures would be upscaled, 1 skipped" in said and below(tmp_path) == before
    assert upscale(model, tree, "-o", big, "--overwrite", "-q") == 0
    assert opened(big / "a.png").size == (20, 16)


def test_shards_are_a_partition(tree, model, tmp_path):
    whole = plan([tree], tmp_path / "big")
    parts = [shard(whole, i, 3).jobs for i in (1, 2, 3)]
    assert sorted(job.relative for part in parts for job in part) == sorted(PICTURES)
    moved = tree.rename(tmp_path / "elsewhere")  # another machine's path: the same parts
    again = [shard(plan([moved], tmp_path), i, 3).jobs for i in (1, 2, 3)]
    assert [[job.relative for job in part] for part in again] == [
        [job.relative for job in part] for part in parts
    ]
    for i in (1, 2, 3):
        assert upscale(model, moved, "-o", tmp_path / "big", "--shard", f"{i}/3", "-q") == 0
    assert below(tmp_path / "big") == PICTURES


def test_json(photo, model, tmp_path, capsys):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    code = upscale(model, photo, tmp_path / "bad.png", "-o", tmp_path / "out", "--json", "-q")
    captured = capsys.readouterr()
    assert code == exit_codes.FAILED and len(captured.err.splitlines()) == 1
    assert len(captured.out.splitlines()) == 4  # a list, an object a line
    done, failed = json.loads(captured.out)
    assert (done["status"], done["width"], done["target_height"], done["format"]) == (
        "done",
        7,
        20,
        "PNG",
    )
    assert done["target"] == str(tmp_path / "out" / "photo.png") and done["elapsed_ms"] > 0
    assert failed["status"] == "failed" and "bad.png" in failed["reason"]


def test_the_longest_names(model, tmp_path):
    """File systems allow 255 bytes, which the name of the temporary file must not exceed either."""
    folder = tmp_path / "in"
    folder.mkdir()
    names = [80 * "\u732b" + "1" + ".png", 80 * "\u732b" + "2" + ".png", 251 * "n" + ".png"]
    try:
        for name in names:
            noise("L", (4, 4)).save(folder / name)
    except OSError:
        pytest.skip("this file system has shorter names")
    assert upscale(model, folder, "-o", tmp_path / "out", "-q") == 0
    assert below(tmp_path / "out") == set(names)
    short = [atomic_files.shortened(name) for name in names]
    assert len(set(short)) == 3 and max(len(name.encode()) for name in short) <= 200
    assert atomic_files.shortened("a.png") == "a.png" and atomic_files.sweep(tmp_path / "out") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_a_name_that_is_no_text(model, tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    name = os.fsdecode(b"caf\xe9.png")
    noise("L", (4, 4)).save(folder / name)
    assert upscale(model, folder, "-o", tmp_path / "out", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["target"] == str(tmp_path / "out" / name)


def test_progress_without_a_terminal(capsys, monkeypatch):
    clock = iter([0, 1, 12, 13, 30])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.progress(4, "pictures") as advance:
        for _ in range(4):
            advance()
    assert capsys.readouterr().err.splitlines() == ["2/4 pictures, 0:12 left"]


# pipes


def piped(arguments: list[object], data: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "iqlut", "upscale", *map(str, arguments)],
        input=data,
        capture_output=True,
    )


def test_stdin_to_stdout(model, tmp_path):
    picture = noise("RGB", (6, 5))
    done = piped(["-", "-o", "-", "-m", model], encoded(picture, "PNG"))
    assert done.returncode == 0, done.stderr
    with Image.open(io.BytesIO(done.stdout)) as large:
        np.testing.assert_array_equal(
            np.array(large), upscaling.upscale(np.array(picture), model=model)
        )
    done = piped(["-", "-o", tmp_path / "big.webp", "-m", model, "-q"], encoded(picture, "BMP"))
    assert (
        done.returncode == 0
        and done.stderr == b""
        and opened(tmp_path / "big.webp").format == "WEBP"
    )
    done = piped(["-", "-o", "-", "-m", model], b"")
    assert (
        done.returncode == 1
        and done.stderr.startswith(b"iqlut: stdin is empty")
        and done.stdout == b""
    )


@pytest.mark.skipif(os.name != "posix", reason="pipes as POSIX has them")
def test_broken_pipe(model):
    command = [sys.executable, "-m", "iqlut", "upscale", "-", "-o", "-", "-m", model]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdout.close()
        process.stdin.write(encoded(noise("RGB", (200, 200)), "PNG"))
        process.stdin.close()
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == exit_codes.FAILED


# what goes wrong


def test_full_disk_ends_the_run(tree, model, tmp_path, capsys, monkeypatch):
    def full(path, fill):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(one_file.atomic_files, "write_atomically", full)
    assert upscale(model, tree, "-o", tmp_path / "big") == exit_codes.FAILED
    said = capsys.readouterr().err.splitlines()
    assert "No space left" in said[0] and "free some space" in said[0]
    assert len(said) == 2 and "0 of 5 pictures upscaled, 1 failed, 4 not tried" in said[1]


def test_full_disk_leaves_nothing(photo, model, tmp_path, monkeypatch):
    """Even when the last bytes do not fit."""

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic_files.os, "replace", full)
    assert upscale(model, photo, "-o", tmp_path / "big.png", "-q") == exit_codes.FAILED
    assert list(tmp_path.iterdir()) == [photo]


def test_read_only_folder(photo, model, tmp_path, capsys, monkeypatch):
    """Mocked, since the administrator may write anywhere."""

    plain = Path.open

    def refuse(self, mode="r", *arguments, **named):
        if "x" in mode:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return plain(self, mode, *arguments, **named)

    monkeypatch.setattr(Path, "open", refuse)
    code = upscale(model, photo, "-o", tmp_path / "big.png")
    refuses(capsys, code, "big.png cannot be written (Permission denied)", "check its permissions")


def test_rows_come_as_files_are_done(tree, model, tmp_path, capsys, monkeypatch):
    """A run that is killed has said what it did."""
    seen, plain = [], one_file.atomic_files.write_atomically

    def see(*arguments):
        seen.append(capsys.readouterr().out.count('"status": "done"'))
        return plain(*arguments)

    monkeypatch.setattr(one_file.atomic_files, "write_atomically", see)
    assert upscale(model, tree, "-o", tmp_path / "big", "--json", "-q") == 0
    assert seen == [0, 1, 1, 1, 1] and capsys.readouterr().out.endswith("}\n]\n")


def test_interrupted_batch_reports(tree, model, tmp_path, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(one_file.atomic_files, "write_atomically", interrupt)
    assert upscale(model, tree, "-o", tmp_path / "big", "--json") == exit_codes.INTERRUPTED
    captured = capsys.readouterr()
    assert json.loads(captured.out) == [] and "5 not tried" in captured.err


def test_sweep_takes_only_what_nobody_writes(tmp_path):
    (tmp_path / ".a.png.0123abcd.part").write_bytes(b"half")
    (tmp_path / ".mine.part").write_bytes(b"whole")

    def fill(file):
        file.write(b"new")
        assert atomic_files.sweep(tmp_path) == 1  # the left one, not this one

    atomic_files.write_atomically(tmp_path / "b.png", fill)
    assert below(tmp_path) == {"b.png", ".mine.part"} and atomic_files.sweep(tmp_path) == 0


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.skipif("everyday-x4" not in shipped_models.models(), reason="no model is shipped yet")
def test_killed_runs_and_broken_files(tmp_path):
    """The script with 1,000 pictures and ten kills, made smaller."""
    command = [
        sys.executable,
        "-m",
        "scripts.measure.interrupted_batch",
        tmp_path / "in",
        "--pictures",
        "200",
        "--kills",
        "2",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert (counts["results"], counts["named"]) == (190, 10)


def test_the_library_does_one_file(photo, model, tmp_path):
    """What a cluster calls: no command, nothing printed."""
    options = one_file.UpscaleOptions(
        (shipped_models.load(model),), one_file.Size(scale=4), engine="reference"
    )
    job = one_file.Job(photo, tmp_path / "deep" / "big.png", "big.png")
    result = one_file.upscale_file(job, options)
    assert result.status == "done" and reading.read(
        (tmp_path / "deep" / "big.png").read_bytes()
    ).size == (28, 20)
    with pytest.raises(
        one_file.PictureError, match="exists, expected a new file; give --overwrite"
    ):
        one_file.upscale_file(job, options)
