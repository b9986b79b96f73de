"""A process can be forked at any time: no lock stays locked in it, and no setting changed."""

from __future__ import annotations

import ast
import io
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import iqlut
from iqlut import atomic_files, upscaling
from iqlut.errors import PictureError
from iqlut.pictures import reading, sixteen_bit_files
from iqlut.tables import layer
from picture_files import encoded, noise
from random_tables import random_tables

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]
HANG_S = 20


@contextmanager
def held_by_another_thread(block: AbstractContextManager[object]) -> Iterator[None]:
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with block:
            held.set()
            release.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        yield
    finally:
        release.set()
        thread.join()


def holds_in_a_fork(check: Callable[[], bool]) -> bool:
    """Whether the check holds in a forked process; False if it waits for ever."""
    child = os.fork()
    if child == 0:
        signal.alarm(HANG_S)
        code = 2
        try:
            code = 0 if check() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_fork_can_upscale():
    tables = random_tables(np.random.default_rng(4), channels=2, blocks=1)
    with held_by_another_thread(upscaling._lock):
        assert holds_in_a_fork(
            lambda: (
                upscaling.upscaler(tables, "reference")(np.zeros((3, 4), np.uint8)).shape
                == (12, 16)
            )
        )


def test_a_fork_can_read_pictures():
    data, limit, filters = encoded(noise("L", (5, 4)), "PNG"), Image.MAX_IMAGE_PIXELS, []

    def check() -> bool:
        unchanged = limit == Image.MAX_IMAGE_PIXELS and warnings.filters == filters
        return unchanged and reading.read(data).size == (5, 4)

    filters += warnings.filters
    with held_by_another_thread(reading._pillow_prepared(10)):
        assert Image.MAX_IMAGE_PIXELS == 5 and warnings.filters != filters
        assert holds_in_a_fork(check)
    assert check()


def test_a_fork_can_compute_properties(monkeypatch):
    """Another thread computes the same property while the process is forked."""
    tables = [random_tables(np.random.default_rng(seed), 2, 1) for seed in (6, 6)]
    expected, plain = random_tables(np.random.default_rng(6), 2, 1).sha256, layer.ar.expand_knots
    inside, release = threading.Event(), threading.Event()

    def wait(*arguments: object) -> np.ndarray:
        inside.set()
        release.wait()
        return plain(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(layer.ar, "expand_knots", wait)
    first, second = (one.layers[0] for one in tables)
    for one in (first, second):
        one.__dict__.pop("curve", None)
    thread = threading.Thread(target=lambda: first.curve)
    thread.start()
    inside.wait()

    def check() -> bool:
        layer.ar.expand_knots = plain
        return second.curve.shape == (2, 256) and tables[1].sha256 == expected

    try:
        assert holds_in_a_fork(check)
    finally:
        release.set()
        thread.join()


def test_a_fork_refuses_16_bits_instead_of_waiting_for_ever():
    pytest.importorskip("pyvips", reason="16 bits need pyvips: pip install 'iqlut[hi]'")
    pixels = np.arange(6, dtype=np.uint16).reshape(2, 3) * 9999
    data = sixteen_bit_files.encode_png("a.png", pixels)

    def check() -> bool:
        with pytest.raises(PictureError, match=r"a\.png .* was forked .*, expected a new process"):
            sixteen_bit_files.decode("a.png", data, "PNG", 16)
        return True

    assert holds_in_a_fork(check)
    assert (sixteen_bit_files.decode("a.png", data, "PNG", 16) == pixels).all()


def test_a_fork_does_not_remove_files_of_its_parent(tmp_path):
    def fill(file: io.BufferedIOBase) -> None:
        file.write(b"data")

        def check() -> bool:
            atomic_files.remove_unfinished()
            return True

        assert holds_in_a_fork(check)

    atomic_files.write_atomically(tmp_path / "a", fill)
    assert (tmp_path / "a").read_bytes() == b"data"


def test_modules_have_no_other_locks():
    """A lock for the time of a call is fine; one of a module or class has to survive a fork."""
    source = Path(iqlut.__file__).parent
    locks = {
        "threading.Lock",
        "threading.RLock",
        "threading.Condition",
        "functools.cached_property",
    }
    for file in source.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "import cached_property" not in text or "fork_safe import cached" in text, file
        if file.name != "fork_safe.py":
            used = {ast.unparse(node) for node in ast.walk(ast.parse(text))
                    if isinstance(node, ast.Attribute)}  # fmt: skip
            assert not used & locks, file
