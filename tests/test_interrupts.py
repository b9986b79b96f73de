"""Interrupts end long calls and the start of the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from iqlut import upscaling
from iqlut.command_line import exit_codes, prompt_exit
from iqlut.engines import native
from iqlut.native import interruptible_call
from random_tables import random_tables

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

# Far from the 1 s that is promised, because test machines are busy; the whole call takes minutes.
RETURN_S = 5

LONG_CALL = """
import sys, time
sys.path.insert(0, {tests!r})
import numpy as np
from iqlut.engines import native
from random_tables import random_tables

upscale = native.build(random_tables(np.random.default_rng(1), 4, 8, 64), {threads}, {isa!r})
plane = np.zeros((2000, 4000), np.uint8)
print("begin", flush=True)
try:
    upscale(plane)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""

INTERRUPTED_IMPORT = """
import os, sys

class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            exec("os.kill(os.getpid(), {number})")  # as decorators of the standard library do

sys.meta_path.insert(0, Finder())
sys.argv = ["iqlut", "models"]
from iqlut.__main__ import main
sys.exit(main())
"""


# A command in a library that returns to Python after minutes, while a file is being written.
STUCK = """
import hashlib, sys
from pathlib import Path
from iqlut import __main__, atomic_files, cli
from iqlut.command_line.prompt_exit import prompt_exit

def fill(file):
    print("begin", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2 * 10**9)

def run():
    with prompt_exit(), atomic_files.claimed(Path("other.png")):
        atomic_files.write_atomically(Path("big.png"), fill)

cli.main = run
sys.exit(__main__.main())
"""

ORDERLY = """
import os, signal, time
from iqlut.command_line.prompt_exit import prompt_exit
from iqlut.command_line.prompt_exit import _ORDERLY_S as orderly_s

for ended in (KeyboardInterrupt, ZeroDivisionError):
    try:
        with prompt_exit():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
    except ended:
        time.sleep(2 * orderly_s)
        signal.signal(signal.SIGINT, lambda *_: 1 / 0)  # of a program of its own
print("still here")
"""


@contextmanager
def started(*arguments: str, folder: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """A Python process with pipes for stdout and stderr, killed at the end of the block."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, *arguments], cwd=folder, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("isa", [native.instruction_sets()[-1], native.REFERENCE])
def test_an_interrupt_ends_a_long_native_call(threads, isa):
    code = LONG_CALL.format(tests=os.path.dirname(__file__), threads=threads, isa=isa)  # noqa: PTH120
    with started("-c", code) as process:
        assert process.stdout and process.stdout.readline() == "begin\n"
        time.sleep(0.3)
        assert process.poll() is None
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
        assert (said, errors, process.returncode) == ("stopped\n", "", 0)
        assert time.monotonic() - start < RETURN_S


def test_a_long_call_gives_the_pixels_of_a_short_one(monkeypatch):
    plane = np.random.default_rng(2).integers(0, 256, (37, 53)).astype(np.uint8)
    tables = random_tables(np.random.default_rng(3))
    expected = native.build(tables)(plane)
    monkeypatch.setattr(native, "_SHORT_CALL", 0)
    np.testing.assert_array_equal(native.build(tables)(plane), expected)


def test_an_interruptible_call_returns_what_the_call_returns():
    codes = []
    thread = threading.Thread(
        target=lambda: codes.append(interruptible_call.interruptible(lambda stop: 7 + stop.value))
    )
    thread.start()
    thread.join()
    assert [*codes, interruptible_call.interruptible(lambda stop: 8 + stop.value)] == [7, 8]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["iqlut.cli", "numpy", "tyro", "PIL"])
def test_an_interrupt_of_the_start_is_one_sentence(module, number):
    """The signal arrives while a module is imported."""
    with started("-c", INTERRUPTED_IMPORT.format(module=module, number=int(number))) as process:
        said, errors = process.communicate(timeout=60)
    assert (said, errors) == ("", "iqlut: interrupted\n")
    assert process.returncode == exit_codes.INTERRUPTED


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_a_command_that_is_in_another_library(number, tmp_path):
    with started("-c", STUCK, folder=tmp_path) as process:
        assert process.stdout and process.stdout.readline() == "begin\n"
        assert len(list(tmp_path.iterdir())) == 2
        start = time.monotonic()
        process.send_signal(number)
        said, errors = process.communicate(timeout=60)
    assert (said, errors) == ("", "iqlut: interrupted\n")
    assert process.returncode == exit_codes.INTERRUPTED
    assert time.monotonic() - start < RETURN_S
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_goes_on_after_an_interrupt_is_left_alone():
    with started("-c", ORDERLY) as process:
        said, errors = process.communicate(timeout=60)
    assert (said, errors, process.returncode) == ("still here\n", "", 0)


def test_signals_that_are_no_interrupts_end_nothing():
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with prompt_exit.prompt_exit():
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(2 * prompt_exit._ORDERLY_S)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_the_environment_is_read_each_time(monkeypatch):
    tables = random_tables(np.random.default_rng(5), channels=2, blocks=1)
    isas = []
    monkeypatch.setattr(native._Plan, "__init__", lambda self, tables, isa: isas.append(isa))
    for name in ("portable", native.instruction_sets()[-1], "portable"):
        monkeypatch.setenv("IQLUT_ISA", name)
        upscaling.upscaler(tables, "native")
    assert isas == list(dict.fromkeys(["portable", native.instruction_sets()[-1]]))
