"""Every target of `iqlut export`.

Each is deterministic and complete, says what made it, and is written whole or not at all.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

import iqlut
from iqlut import arithmetic as ar
from iqlut import atomic_files, cli, targets
from iqlut.errors import UnsupportedModel
from iqlut.targets import c, folder, vectors
from random_tables import deep_tables, random_tables

FAILED, USAGE = 1, 2
NO_ONNX = pytest.mark.skipif(not find_spec("onnx"), reason="needs onnx: pip install 'iqlut[onnx]'")
INSTALLED = [
    pytest.param(name, marks=[NO_ONNX] if name == "onnx" else []) for name in targets.TARGETS
]


@pytest.fixture(scope="module")
def tables() -> iqlut.Tables:
    return random_tables(np.random.default_rng(3), 2, 2, 3, (3, 2))


@pytest.mark.parametrize("name", INSTALLED)
def test_same_tables_give_the_same_bytes(name, tables):
    again = random_tables(np.random.default_rng(3), 2, 2, 3, (3, 2))
    assert targets.get(name).emit(tables) == targets.get(name).emit(again)


@pytest.mark.parametrize("name", INSTALLED)
def test_every_export_says_what_made_it(name, tables):
    text = b"\n".join(targets.get(name).emit(tables).values())
    for fact in (f"iqlut {iqlut.__version__}", tables.name, tables.sha256):
        assert fact.encode() in text


@pytest.mark.parametrize("model", iqlut.models())
def test_every_model_exports_as_tables(model):
    loaded = iqlut.load(model)
    one = loaded if isinstance(loaded, iqlut.Tables) else loaded.at(0)
    files = targets.get("tables").emit(one)
    archive = zipfile.ZipFile(BytesIO(files["tables.npz"]))
    for index in range(len(one.layers)):
        for name, array in one.stored(index).items():
            if name == "knots":
                continue
            stem = f"layer_{index}.{name}"
            assert files[f"{stem}.bin"] == array.astype(array.dtype.newbyteorder("<")).tobytes()
            assert (np.load(BytesIO(archive.read(f"{stem}.npy"))) == array).all()
            words = [int(line, 16) for line in files[f"{stem}.mem"].split()]
            bits = 8 * array.itemsize
            signed = np.array([w - (1 << bits) * (w >> bits - 1) for w in words])
            assert (signed == array.ravel()).all()


def test_rows_of_hex_and_coe(tables):
    """A word of .hex and .coe holds all outputs, the first in the lowest byte."""
    files, lut = targets.get("tables").emit(tables), tables.layers[1].lut
    words = files["layer_1.lut.hex"].split()
    first = bytes.fromhex(words[0].decode())[::-1]
    assert first == lut[0, 0, 0, 0].tobytes()
    assert len(words) == lut.size // lut.shape[-1]
    vector = files["layer_1.lut.coe"].partition(b"vector=\n")[2].rstrip(b";\n")
    assert vector.split(b",\n") == words


def test_vectors_are_an_inference_step_by_step(tables):
    files = targets.get("vectors").emit(tables)
    index = json.loads(files["index.json"])
    assert index["arithmetic"] == ar.VERSION
    upscale = iqlut.engines.get("reference").build(tables)
    for case in index["cases"]:
        luma, name = vectors.planes()[case["case"]], case["case"]
        assert files[f"{name}/output.bin"] == upscale(luma).tobytes()
        assert len(case["signals"]) == len(tables.layers) + 2
        for signal, shape in case["signals"].items():
            raw = np.load(BytesIO(files[f"{name}/{signal}.npy"]))
            assert raw.shape == tuple(shape)
            assert raw.tobytes() == files[f"{name}/{signal}.bin"]
            assert bytes.fromhex(files[f"{name}/{signal}.hex"].decode()) == raw.tobytes()


def test_vectors_cover_the_edge_cases():
    planes = vectors.planes().values()
    shapes = {plane.shape for plane in planes}
    assert (1, 1) in shapes and any(h == 1 < w for h, w in shapes)
    assert any((plane == 0).all() for plane in planes)
    assert any((plane == 255).all() for plane in planes)


@pytest.mark.parametrize("name", INSTALLED)
def test_command(name, tmp_path):
    out = tmp_path / "out"
    assert cli.main(["export", name, "iqlut-5k-x4", "-o", str(out)]) == 0
    files = targets.get(name).emit(iqlut.load("iqlut-5k-x4"))
    assert {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()} == set(files)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_strengths(tmp_path):
    """One strength gives its tables; neighbours, or all, give sets for the C runtime alone."""
    one, two = tmp_path / "one", tmp_path / "two"
    assert cli.main(["export", "c", "everyday-x4", "--restore", "1.25", "-o", str(one)]) == 0
    model = iqlut.load("everyday-x4")
    assert not isinstance(model, iqlut.Tables)
    header = (one / "everyday_x4_restore_1_25_tables.h").read_text()
    assert model.at(1.25).sha256 in header
    assert cli.main(["export", "c", "everyday-x4", "--restore", "0.5,0.75", "-o", str(two)]) == 0
    header = (two / "everyday_x4_tables.h").read_text()
    assert "iqlut_restoration everyday_x4;" in header
    assert model.at(0.5).sha256 in header and model.at(0.75).sha256 in header
    every = tmp_path / "every"
    assert cli.main(["export", "c", "everyday-x4", "--restore", "all", "-o", str(every)]) == 0
    header = (every / "everyday_x4_tables.h").read_text()
    assert all(one.sha256 in header for one in model.sets)


@pytest.mark.parametrize(
    ("arguments", "expected", "code"),
    [
        (["verilog", "l8c8-x4"], f"expected one of {', '.join(targets.TARGETS)}", USAGE),
        (["c", "no-such-model"], "no model", USAGE),
        (["c", "l8c8-x4", "--restore", "1"], "no restoration strengths", USAGE),
        (["c", "everyday-x4", "--restore", "0,2"], "neighbours among 0, 0.25", USAGE),
        (["c", "everyday-x4", "--restore", "much"], "expected a number", USAGE),
        (
            ["tables", "everyday-x4", "--restore", "0.5,0.75"],
            "only the target c takes several",
            USAGE,
        ),
    ],
)
def test_what_is_refused(arguments, expected, code, tmp_path, capsys):
    assert cli.main(["export", *arguments, "-o", str(tmp_path / "out")]) == code
    assert expected in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_folder_that_is_not_empty(tmp_path, capsys):
    (tmp_path / "mine").write_text("kept")
    assert cli.main(["export", "c", "l8c8-x4", "-o", str(tmp_path)]) == FAILED
    assert "not empty" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_limit_of_the_c_target():
    with pytest.raises(UnsupportedModel, match="at most 255"):
        c.emit(deep_tables(c.LAYERS_MAX))


def test_folder_is_written_whole_or_not_at_all(tmp_path):
    with pytest.raises(TypeError):
        folder.write(tmp_path / "out", {"good": b"1", "bad": None})  # type: ignore[dict-item]
    assert not list(tmp_path.iterdir())


def test_what_a_killed_export_left_is_replaced(tmp_path):
    left = tmp_path / ".out.iqlut-export.part"
    left.mkdir()
    (left / "old").write_text("of the killed run")
    folder.write(tmp_path / "out", {"new": b"1"})
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new"]


def test_an_empty_folder_stays_the_same_folder(tmp_path, monkeypatch):
    """It may be a mount or the working folder, and has permissions of its own."""
    out = tmp_path / "out"
    out.mkdir(mode=0o700)
    before = out.stat()
    monkeypatch.chdir(out)
    (out / ".out.iqlut-export.part").mkdir()  # of a killed run
    folder.write(Path(), {"one": b"1", "more/two": b"2"})
    assert (out.stat().st_ino, out.stat().st_mode) == (before.st_ino, before.st_mode)
    assert sorted(path.name for path in Path().rglob("*")) == ["more", "one", "two"]
    with pytest.raises(FileExistsError, match="not empty"):
        folder.write(out, {"one": b"1"})


def test_what_cannot_be_moved_into_a_folder_leaves_it_empty(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    rename = Path.rename

    def fails(path, target):
        if path.name == "two":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(OSError, match="out"):
        folder.write(tmp_path / "out", {"one": b"1", "a/b": b"3", "two": b"2"})
    assert [path.name for path in tmp_path.rglob("*")] == ["out"]


def test_one_process_writes_an_export(tmp_path, capsys):
    command = [sys.executable, "-m", "iqlut", "export", "c", "l8c8-x4", "-o", str(tmp_path / "out")]
    with atomic_files.claimed(tmp_path / "out"):
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == FAILED
    assert "another process is writing" in done.stderr and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_full_disk_names_the_folder(tmp_path, monkeypatch, capsys):
    def full(_path, _data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    out = tmp_path / "out"
    assert cli.main(["export", "c", "l8c8-x4", "-o", str(out)]) == FAILED
    said = capsys.readouterr().err
    assert "No space left" in said and str(out) in said and said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnx", None)  # importing it raises ModuleNotFoundError
    monkeypatch.delitem(sys.modules, "iqlut.targets.onnx", raising=False)
    assert cli.main(["export", "onnx", "iqlut-5k-x4", "-o", str(tmp_path / "out")]) == USAGE
    said = capsys.readouterr().err
    assert "pip install 'iqlut[onnx]'" in said and "error in iqlut" not in said
    assert not list(tmp_path.iterdir())
