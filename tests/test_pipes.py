"""Pipes that are full, closed or a terminal: one sentence, and an exit code that says so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import refuses, upscale
from iqlut import atomic_files
from iqlut.command_line import exit_codes
from picture_files import encoded, noise

ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="pipes as POSIX has them")
_Y4M = b"YUV4MPEG2 W64 H48 F25:1 C420jpeg\n" + 90 * (b"FRAME\n" + bytes(range(256)) * 18)


def shell(words: str, model: str, data: bytes, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """A command line as a person types it; `iqlut` is this one, $MODEL a model."""
    environment = os.environ | {
        "MODEL": model,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = ["bash", "-c", words.replace("iqlut", f"'{sys.executable}' -m iqlut")]
    return subprocess.run(command, input=data, capture_output=True, cwd=folder, env=environment)


@ON_POSIX
@pytest.mark.parametrize("kind", ["picture", "video"])
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            "iqlut upscale - -o - -m $MODEL > /dev/full",
            1,
            "stdout cannot be written (No space left on device)",
        ),
        ("iqlut upscale - -o - -m $MODEL >&-", 1, "stdout is closed"),
        ("iqlut upscale - -o - -m $MODEL | true; exit ${PIPESTATUS[0]}", 1, ""),
    ],
)
def test_stdout_that_takes_nothing(words, code, said, kind, model, tmp_path):
    if "/dev/full" in words and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    data = encoded(noise("RGB", (200, 200)), "PNG") if kind == "picture" else _Y4M
    done = shell(words, model, data, tmp_path)
    assert done.returncode == code and done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert [line.startswith("iqlut: ") and said in line for line in lines] == [True] * bool(said), (
        lines
    )


@ON_POSIX
def test_streams_that_are_closed(photo, model, tmp_path):
    done = shell(f"iqlut upscale {photo} -o big.png -m $MODEL >&-", model, b"", tmp_path)
    assert done.returncode == 0 and (tmp_path / "big.png").exists(), done.stderr
    done = shell("iqlut upscale - -o none.png -m $MODEL <&-", model, b"", tmp_path)
    assert done.returncode == 1 and b"stdin is closed" in done.stderr
    done = shell("iqlut models --json | true; exit ${PIPESTATUS[0]}", model, b"", tmp_path)
    assert b"Traceback" not in done.stderr


@ON_POSIX
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_rows_that_do_not_arrive(photo, model, tmp_path):
    """The picture is done, and who wanted to know learns that the rows are lost."""
    done = shell(
        f"iqlut upscale {photo} -o big.png -m $MODEL --json -q > /dev/full", model, b"", tmp_path
    )
    assert done.returncode == 1 and (tmp_path / "big.png").exists()
    assert (
        done.stderr.startswith(b"iqlut: stdout cannot be written")
        and len(done.stderr.splitlines()) == 1
    )


@pytest.mark.skipif(
    sys.platform != "linux", reason="a terminal that holds what nobody has read yet"
)
def test_a_bar_on_a_terminal(photo, model, tmp_path):
    """Coloured, unless NO_COLOR is set."""
    import pty

    (tmp_path / "more.png").write_bytes(photo.read_bytes())
    command = [
        sys.executable,
        "-m",
        "iqlut",
        "upscale",
        photo,
        tmp_path / "more.png",
        "-m",
        model,
        "-o",
    ]
    for number, (name, coloured) in enumerate({"TERM": True, "NO_COLOR": False}.items()):
        environment = {
            key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "CI")
        }
        environment |= {"TERM": "xterm", "COLUMNS": "80"} | {name: "xterm"}
        ours, terminal = pty.openpty()
        done = subprocess.run([*command, tmp_path / str(number)], stderr=terminal, env=environment)
        os.close(terminal)
        seen = b""
        try:
            while part := os.read(ours, 65536):
                seen += part
        except OSError:  # as Linux says the end
            pass
        os.close(ours)
        assert done.returncode == 0 and b"2/2" in seen
        assert (re.search(rb"\x1b\[[0-9;]*[39][0-9]m", seen) is not None) == coloured


def test_nothing_is_printed_on_a_terminal(photo, model, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    code = upscale(model, photo, "-o", "-")
    assert code == exit_codes.USAGE
    refuses(capsys, code, "stdout is a terminal", "-o")


def test_compare_that_cannot_be_written(photo, model, tmp_path, capsys, monkeypatch):
    from iqlut import cli

    def refuse(path, fill, replace):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(atomic_files, "write_atomically", refuse)
    code = cli.main(["compare", str(photo), "-m", model, "--engine", "reference"])
    refuses(
        capsys,
        code,
        "photo-compared.png cannot be written (Permission denied)",
        "expected a writable folder",
    )
