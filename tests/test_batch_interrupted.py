"""Batches that cannot write a file or are interrupted: what they report and what they leave."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import refuses, upscale
from iqlut import atomic_files
from iqlut.batch import one_file
from iqlut.command_line import exit_codes
from iqlut.tables import shipped_models
from picture_folder import below, write_pictures

ROOT = Path(__file__).parents[1]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder of pictures and other files; see `write_pictures`."""
    return write_pictures(tmp_path / "photos")


def test_full_disk_ends_the_run(tree, model, tmp_path, capsys, monkeypatch):
    def full(path, fill, replace):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(one_file.atomic_files, "write_atomically", full)
    assert upscale(model, tree, "-o", tmp_path / "big") == exit_codes.FAILED
    said = capsys.readouterr().err.splitlines()
    assert "No space left" in said[0] and "free some space" in said[0]
    assert len(said) == 2 and "0 of 5 pictures upscaled, 1 failed, 4 not tried" in said[1]


def test_full_disk_leaves_nothing(photo, model, tmp_path, monkeypatch):
    """No file is left, even if only the last bytes do not fit."""

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic_files.os, "link", full)
    assert upscale(model, photo, "-o", tmp_path / "big.png", "-q") == exit_codes.FAILED
    assert list(tmp_path.iterdir()) == [photo]


def test_read_only_folder(photo, model, tmp_path, capsys, monkeypatch):
    """Writing is replaced by a function, because an administrator may write anywhere."""

    plain = Path.open

    def refuse(self, mode="r", *arguments, **named):
        if "x" in mode:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return plain(self, mode, *arguments, **named)

    monkeypatch.setattr(Path, "open", refuse)
    code = upscale(model, photo, "-o", tmp_path / "big.png")
    refuses(capsys, code, "big.png cannot be written (Permission denied)", "folder")


def test_rows_come_as_files_are_done(tree, model, tmp_path, capsys, monkeypatch):
    """Each row is printed when its file is done, so that a killed run has reported its work."""
    seen, plain = [], one_file.atomic_files.write_atomically

    def see(path, fill, replace):
        seen.append(capsys.readouterr().out.count('"status": "done"'))
        return plain(path, fill, replace)

    monkeypatch.setattr(one_file.atomic_files, "write_atomically", see)
    assert upscale(model, tree, "-o", tmp_path / "big", "--json", "-q") == 0
    assert seen == [0, 1, 1, 1, 1] and capsys.readouterr().out.endswith("}\n]\n")


def test_interrupted_batch_reports(tree, model, tmp_path, capsys, monkeypatch):
    def interrupt(path, fill, replace):
        raise KeyboardInterrupt

    monkeypatch.setattr(one_file.atomic_files, "write_atomically", interrupt)
    assert upscale(model, tree, "-o", tmp_path / "big", "--json") == exit_codes.INTERRUPTED
    captured = capsys.readouterr()
    assert json.loads(captured.out) == [] and "5 not tried" in captured.err


def test_sweep_takes_only_what_nobody_writes(tmp_path):
    (tmp_path / ".a.png.iqlut-0123abcd.part").write_bytes(b"half")
    (tmp_path / ".a.png.iqlut-claim.part").write_bytes(b"")
    for name in (".mine.part", ".mine.0123abcd.part", ".mine.iqlut-0123ABCD.part"):
        (tmp_path / name).write_bytes(b"whole")

    def fill(file):
        file.write(b"new")
        # the abandoned files are removed, not the one that is being written
        assert atomic_files.sweep(tmp_path) == 2

    atomic_files.write_atomically(tmp_path / "b.png", fill)
    mine = {".mine.part", ".mine.0123abcd.part", ".mine.iqlut-0123ABCD.part"}
    assert below(tmp_path) == {"b.png", *mine} and atomic_files.sweep(tmp_path) == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.skipif("everyday-x4" not in shipped_models.models(), reason="no model is shipped yet")
def test_killed_runs_and_broken_files(tmp_path):
    """Run the measurement script with 200 pictures and two kills, not 1,000 and ten."""
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
