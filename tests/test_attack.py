"""Damaged files of every format, as in `make attack`, but 500 of them."""

from __future__ import annotations

import os

import pytest

from scripts.attack import damaged_files, mutations, seed_files
from scripts.attack.one_damaged_file import damaged

CASES = 500


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pipes and limits as POSIX has them")
def test_damaged_files_are_refused_or_read():
    kinds = seed_files.kinds()
    tally = damaged_files.attack(CASES, 1, kinds)
    assert tally.wrong == {}
    assert sum(tally.read.values()) == CASES and set(tally.read) == set(kinds)
    assert 0 < tally.accepted < CASES


def test_a_mishap_is_noticed(monkeypatch):
    """The end of a process, and an exception that nobody foresaw."""
    monkeypatch.setattr(damaged_files, "PEAK_MB_MAX", 1)
    tally = damaged_files.attack(2, 1, ("iqlut",))
    assert list(tally.wrong.items()) == [("more than 1 MB", ["iqlut 0", "iqlut 1"])]


def test_a_seed_gives_the_same_file():
    first, again, other = (damaged("png", seed) for seed in ("1 png 4", "1 png 4", "1 png 5"))
    assert first == again != other and first not in seed_files.files_of("png")


def test_checksums_are_corrected():
    (png, *_) = seed_files.files_of("png")
    spoilt = png[:29] + b"\0\0\0\0" + png[33:]
    assert mutations._sealed(png, spoilt) == png
