"""The bench takes turns, counts right, and says where and of what it speaks."""

from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest

from iqlut import bench, engines
from random_tables import random_tables

TABLES = random_tables(np.random.default_rng(2), channels=1, blocks=1)


def test_rows():
    timings = bench.bench(TABLES, [("reference", 1), ("reference", 2)], (20, 10), rounds=3)
    assert [(row.name, row.threads) for row in timings] == [(bench.PILLOW, 1), ("reference", 1), ("reference", 2)]
    assert timings[0].ratio_to_pillow_bicubic == 1
    for row in timings:
        assert (row.width, row.height, row.scale, row.model, row.rounds) == (20, 10, 4, "random", 3)
        assert row.ms > 0 and row.spread_ms >= 0 and row.commit and row.cpu


def test_turns(monkeypatch):
    """The contenders alternate, and the first round is not counted."""
    order, clock = [], iter(range(1000))

    class Fake:
        def build(self, tables, threads=1):
            return lambda plane: order.append(threads)

    monkeypatch.setattr(engines, "get", lambda name: Fake())
    monkeypatch.setattr(bench.time, "perf_counter", lambda: next(clock) ** 2 / 1000)
    told = []
    timings = bench.bench(TABLES, [("a", 1), ("a", 2)], (4, 4), rounds=3, after_round=lambda: told.append(0))
    assert order == [1, 2] * 4 and len(told) == 4
    # a run from tick 2 i to 2 i + 1 lasts 4 i + 1 ms; round r holds the runs 3 r .. 3 r + 2
    assert [row.ms for row in timings] == [4 * i + 1 for i in (6, 7, 8)]
    assert timings[1].ratio_to_pillow_bicubic == round(29 / 25, 3)
    assert timings[0].spread_ms == 12  # 13, 25, 37 ms: quartiles 19 and 31


@pytest.mark.parametrize("wrong", [{"rounds": 0}, {"size": (0, 5)}, {"contenders": [("reference", 0)]}])
def test_wrong_numbers(wrong):
    with pytest.raises(ValueError, match="1 or more"):
        bench.bench(TABLES, **{"contenders": [("reference", 1)], "size": (4, 4), **wrong})


def test_sample_plane_is_always_the_same():
    plane = bench.sample_plane(30, 20)
    assert plane.shape == (20, 30) and plane.dtype == np.uint8 and len(np.unique(plane)) > 50
    np.testing.assert_array_equal(plane, bench.sample_plane(30, 20))


def test_commit_without_git(monkeypatch):
    def no_git(*_, **__):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", no_git)
    assert bench.commit().startswith("v")


@pytest.mark.skipif(not os.path.exists("/proc/cpuinfo"), reason="Linux tells")  # noqa: PTH110
def test_cpu_name():
    assert bench.cpu_name()
