"""The native engine: concurrent calls, instruction sets, and results that no memory could hold."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine_cases import random_case
from iqlut.engines import native, reference


def test_calls_at_the_same_time_do_not_disturb_each_other() -> None:
    tables = random_case(33)[0]
    rng = np.random.default_rng(0)
    planes = [rng.integers(0, 256, (30 + n, 50 - n)).astype(np.uint8) for n in range(12)]
    upscale = native.build(tables, threads=2)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(upscale, planes * 3))
    for plane, result in zip(planes * 3, results, strict=True):
        np.testing.assert_array_equal(result, reference.build(tables)(plane))


def test_native_refuses_what_it_cannot_run() -> None:
    tables = random_case(0)[0]
    with pytest.raises(ValueError, match="expected 1 or more"):
        native.build(tables, threads=0)
    with pytest.raises(ValueError, match="expected one of portable"):
        native.build(tables, isa="mmx")


def test_the_environment_names_an_instruction_set(monkeypatch: pytest.MonkeyPatch) -> None:
    tables, luma, expected = random_case(3)
    monkeypatch.setenv("IQLUT_ISA", "portable")
    np.testing.assert_array_equal(native.build(tables)(luma), expected)
    monkeypatch.setenv("IQLUT_ISA", "mmx")
    with pytest.raises(ValueError, match="isa is 'mmx', expected one of portable"):
        native.build(tables)
    native.build(tables, isa="portable")


def test_a_result_that_no_memory_could_hold_is_refused() -> None:
    side = 1 << 31
    huge = np.broadcast_to(np.zeros((1, 1), np.uint8), (side, side))
    upscale = native.build(random_case(0)[0])
    with pytest.raises((MemoryError, ValueError)):
        upscale(huge)
    with pytest.raises((MemoryError, ValueError)):
        upscale.colours(np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (side, side, 3)))
