"""The bench takes turns, counts right, and says where and of what it speaks."""

from __future__ import annotations

import json
import os
import subprocess
from typing import cast

import numpy as np
import pytest

from iqlut import cli, provenance
from iqlut.command_line import exit_codes
from iqlut.engines import native
from iqlut.timing import interleaved, other_upscalers, small_networks, timed_upscalers
from iqlut.timing.interleaved import TimedUpscaler
from random_tables import random_tables

TABLES = random_tables(np.random.default_rng(2), channels=1, blocks=1)
SMALL = random_tables(np.random.default_rng(3), scale=2, channels=1, blocks=1)


def test_rows():
    found = timed_upscalers.ours(
        [TABLES, SMALL], ["reference", timed_upscalers.RGB], [1, 2], (20, 10)
    )
    timings = interleaved.time_interleaved(found, rounds=3)
    names = [(row.name, row.scale, row.threads) for row in timings]
    ours = [
        (name, scale, n)
        for scale in (4, 2)
        for name in ("reference", timed_upscalers.RGB)
        for n in (1, 2)
    ]
    assert names == [(timed_upscalers.PILLOW, 4, 1), (timed_upscalers.PILLOW, 2, 1), *ours]
    assert [row.ratio_to_pillow_bicubic for row in timings[:2]] == [1, 1]
    for row in timings:
        assert (row.width, row.height, row.rounds) == (20, 10, 3)
        assert row.model == ("" if row.name == timed_upscalers.PILLOW else "random")
        assert row.ms >= row.least_ms > 0 and row.spread_ms >= 0 and row.commit and row.cpu
        assert row.ns_per_px == pytest.approx(row.ms * 1e6 / (200 * row.scale**2), abs=1)


def test_turns(monkeypatch):
    """The contenders alternate, and the first round is not counted."""
    order, clock, told = [], iter(range(1000)), []
    monkeypatch.setattr(interleaved.time, "perf_counter", lambda: next(clock) ** 2 / 1000)
    found = [TimedUpscaler(str(n), lambda n=n: order.append(n), 4, 4, 4) for n in range(3)]
    timings = interleaved.time_interleaved(found, rounds=3, after_round=lambda: told.append(0))
    assert order == [0, 1, 2] * 4 and len(told) == 4
    # a run from tick 2 i to 2 i + 1 lasts 4 i + 1 ms; round r holds the runs 3 r .. 3 r + 2
    assert [row.ms for row in timings] == [4 * i + 1 for i in (6, 7, 8)]
    assert timings[1].ratio_to_pillow_bicubic == round(29 / 25, 3)
    assert (timings[0].spread_ms, timings[0].least_ms) == (
        12,
        13,
    )  # 13, 25, 37 ms: quartiles 19 and 31


def test_each_size_has_its_own_baseline(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(interleaved.time, "perf_counter", lambda: next(clock) ** 2 / 1000)
    found = [TimedUpscaler("", lambda: None, 4, width, 4) for width in (4, 4, 8, 8)]
    timings = interleaved.time_interleaved(found, rounds=1)
    assert [row.ms for row in timings] == [17, 21, 25, 29]
    assert [row.ratio_to_pillow_bicubic for row in timings] == [
        1,
        round(21 / 17, 3),
        1,
        round(29 / 25, 3),
    ]


def test_instruction_sets_are_contenders():
    names = [f"native-{isa}" for isa in native.instruction_sets()]
    found = timed_upscalers.ours([TABLES], names, [1], (9, 7))
    assert [one.name for one in found[1:]] == names
    for one in found[1:]:
        np.testing.assert_array_equal(
            one.run(), native.build(TABLES)(timed_upscalers.sample_plane(9, 7))
        )


def test_wrong_numbers():
    for threads, size in (([0], (4, 4)), ([1], (0, 5))):
        with pytest.raises(ValueError, match="1 or more"):
            timed_upscalers.ours([TABLES], ["reference"], threads, size)
    with pytest.raises(ValueError, match="1 or more"):
        interleaved.time_interleaved(timed_upscalers.ours([TABLES], [], [1], (4, 4)), rounds=0)


def test_samples_are_always_the_same():
    plane, pixels = timed_upscalers.sample_plane(30, 20), timed_upscalers.sample_picture(30, 20)
    assert plane.shape == (20, 30) and plane.dtype == np.uint8 and len(np.unique(plane)) > 50
    assert pixels.shape == (20, 30, 3) and pixels.dtype == np.uint8
    np.testing.assert_array_equal(plane, timed_upscalers.sample_plane(30, 20))
    np.testing.assert_array_equal(pixels, timed_upscalers.sample_picture(30, 20))


@pytest.mark.parametrize("name", small_networks.NETWORKS)
def test_networks_upscale(name):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    for scale in (2, 3, 4):
        session = runtime.InferenceSession(
            small_networks.network(name, scale), providers=["CPUExecutionProvider"]
        )
        (out,) = session.run(None, {"luma": np.zeros((1, 1, 7, 9), np.float32)})
        assert out.shape == (1, 1, 7 * scale, 9 * scale)


def test_networks_are_measured_in_float_and_in_int8(monkeypatch):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(other_upscalers, "NETWORKS", ("ecbsr-m4c16",))
    monkeypatch.setattr(other_upscalers, "INT8", ("ecbsr-m4c16",))
    found = {one.name: one for one in other_upscalers.peers(2, (24, 16), (1,))}
    assert found.keys() >= {"ecbsr-m4c16", "ecbsr-m4c16-int8"}
    (real,) = cast("list", found["ecbsr-m4c16"].run())
    (whole,) = cast("list", found["ecbsr-m4c16-int8"].run())
    assert real.shape == whole.shape == (1, 1, 32, 48)


def test_peers_that_are_not_installed_are_left_out(monkeypatch):
    monkeypatch.setattr(other_upscalers, "_module", lambda name: None)
    assert other_upscalers.peers(4, (8, 8), (1, 2)) == []


def test_command(model, capsys):
    command = [
        "bench",
        "-m",
        model,
        "--engines",
        "native-rgb",
        "--isa",
        "portable",
        "--repeats",
        "1",
        "--json",
    ]
    assert cli.main([*command, "--size", "8x6", "9x5", "-t", "1", "2"]) == exit_codes.OK
    rows = json.loads(capsys.readouterr().out)
    ours = [("native-rgb", 1), ("native-rgb", 2), ("native-portable", 1), ("native-portable", 2)]
    assert [(row["name"], row["threads"]) for row in rows] == [("pillow-bicubic", 1), *ours] * 2
    assert [row["width"] for row in rows] == [8] * 5 + [9] * 5
    assert cli.main(["bench", "-m", model, "--isa", "mmx"]) == exit_codes.USAGE
    assert "portable" in capsys.readouterr().err


def test_commit_without_git(monkeypatch):
    def no_git(*_, **__):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", no_git)
    assert provenance.commit().startswith("v")


@pytest.mark.skipif(not os.path.exists("/proc/cpuinfo"), reason="Linux tells")  # noqa: PTH110
def test_cpu_name():
    assert provenance.cpu_name()
