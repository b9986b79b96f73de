"""Many pictures: folders, patterns and pipes; skipping, sharing out and reporting."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command_line import upscale
from iqlut import atomic_files, path_states, upscaling
from iqlut.batch import one_file
from iqlut.batch.pending_jobs import shard
from iqlut.batch.planning import Naming, plan
from iqlut.command_line import exit_codes, progress
from iqlut.pictures import reading
from iqlut.tables import shipped_models
from picture_files import encoded, noise, opened
from picture_folder import PICTURES, below, write_pictures


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder of pictures and other files; see `write_pictures`."""
    return write_pictures(tmp_path / "photos")


def test_the_output_folder_appears_while_it_is_looked_at(tree, tmp_path, monkeypatch):
    """Another run on the same folder makes it, after any of the looks at it."""
    out, looks = tmp_path / "big", list[Path]()
    mode_of = path_states.mode_of

    def then_made(path: Path, made_after: int) -> int | None:
        mode = mode_of(path)
        looks.extend([path] if path == out else [])
        if len(looks) == made_after:
            out.mkdir(exist_ok=True)
        return mode

    for number in range(1, 5):
        monkeypatch.setattr(path_states, "mode_of", partial(then_made, made_after=number))
        assert len(plan([tree], Naming(out)).jobs) == 5
        assert len(looks) >= 1
        looks.clear()
        if out.exists():
            out.rmdir()


def test_a_folder_is_mirrored(tree, model, tmp_path, capsys):
    assert upscale(model, tree, "-o", tmp_path / "big") == 0
    assert below(tmp_path / "big") == PICTURES
    printed = capsys.readouterr().err.splitlines()
    assert printed[-1].startswith(
        "5 of 5 pictures upscaled, 4 files ignored because they are neither pictures nor videos, "
        "in 0:0"
    )
    assert len(printed) == 6 and any("new\\nline.png" in line for line in printed)
    assert upscale(model, tree, "-o", tmp_path / "big") == 0
    assert "0 of 5 pictures upscaled, 5 skipped because they exist" in capsys.readouterr().err


def test_pictures_that_cannot_be_read_are_named(model, tmp_path, capsys):
    """A picture that cannot be read, as in a folder from a telephone, must not count as done."""
    noise("RGB", (5, 4)).save(tmp_path / "a.jpg")
    noise("RGB", (5, 4)).save(tmp_path / "in fact a.dng", "JPEG")  # its content decides
    (tmp_path / "b.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    assert upscale(model, tmp_path, "-o", tmp_path / "big") == exit_codes.FAILED
    said = capsys.readouterr().err
    assert "b.HEIC is " in said and "2 of 3 pictures upscaled, 1 failed" in said
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
    """Patterns are expanded where the shell passes them on unexpanded."""
    assert upscale(model, tree / "**" / "*.[jw]*", "-o", tmp_path / "big", "-q") == 0
    assert below(tmp_path / "big") == {"two words/b.jpg", "two words/deep/ö.webp"}
    assert [job.relative for job in plan([tree / "*"], Naming(tmp_path)).jobs] == [
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
    whole = plan([tree], Naming(tmp_path / "big"))
    parts = [shard(whole, i, 3).jobs for i in (1, 2, 3)]
    assert sorted(job.relative for part in parts for job in part) == sorted(PICTURES)
    moved = tree.rename(tmp_path / "elsewhere")  # the path on another machine: the same shards
    again = [shard(plan([moved], Naming(tmp_path)), i, 3).jobs for i in (1, 2, 3)]
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
    assert len(captured.out.splitlines()) == 4  # a list with one object on each line
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
    """Names of 255 bytes, the limit of file systems, are kept.

    The temporary file of an output would have a longer name, which is therefore shortened.
    """
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


def test_the_library_does_one_file(photo, model, tmp_path):
    """One file is upscaled without the command line, as a cluster calls it; nothing is printed."""
    recipe = one_file.UpscaleOptions(
        (shipped_models.load(model),), one_file.Size(scale=4), engine="reference"
    )
    job = one_file.Job(photo, tmp_path / "deep" / "big.png", "big.png")
    result = one_file.upscale_file(job, recipe)
    assert result.status == "done" and reading.read(
        (tmp_path / "deep" / "big.png").read_bytes()
    ).size == (28, 20)
    with pytest.raises(
        one_file.PictureError, match="exists, expected a new file; give --overwrite"
    ):
        one_file.upscale_file(job, recipe)
