"""Damaged files of every format, as in `make attack`, but 500 of them."""

from __future__ import annotations

import argparse
import os

import pytest

from scripts.attack import damaged_files, mutations, seed_files
from scripts.attack.one_damaged_file import damaged
from scripts.attack.trials import Trials

CASES = 500


def new_trials() -> Trials:
    return Trials("damaged_files", argparse.Namespace(results=False), {"commit": "a"})


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pipes and limits as POSIX has them")
def test_damaged_files_are_refused_or_read():
    kinds, found = seed_files.kinds(), new_trials()
    accepted = damaged_files.attack(found, CASES, 1, kinds)
    assert found.problems == {} and found.count == CASES
    assert 0 < sum(accepted.values()) < CASES


def test_a_mishap_is_noticed(monkeypatch):
    """The end of a process, and an exception that nobody foresaw."""
    monkeypatch.setattr(damaged_files, "PEAK_MB_MAX", 1)
    found = new_trials()
    damaged_files.attack(found, 2, 1, ("iqlut",))
    assert found.problems == {f"iqlut {number}": "more than 1 MB" for number in range(2)}


def test_a_seed_gives_the_same_file():
    first, again, other = (damaged("png", seed) for seed in ("1 png 4", "1 png 4", "1 png 5"))
    assert first == again != other and first not in seed_files.files_of("png")


def test_checksums_are_corrected():
    (png, *_) = seed_files.files_of("png")
    spoilt = png[:29] + b"\0\0\0\0" + png[33:]
    assert mutations._sealed(png, spoilt) == png
