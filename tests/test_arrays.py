"""Unusual arrays: strided views, read-only or memory-mapped arrays, other byte orders and types.

The result equals that of a contiguous copy and the array is not modified, or the array is refused
in one sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import iqlut
from iqlut.engines import ENGINES
from random_tables import random_tables

TABLES = random_tables(np.random.default_rng(4), scale=2, channels=4)
SHAPES = ((24, 18), (24, 18, 2), (24, 18, 3), (24, 18, 4))
DTYPES = ("uint8", "<u2", ">u2")


def frozen(pixels: np.ndarray) -> np.ndarray:
    pixels.flags.writeable = False
    return pixels


def wrapped(pixels: np.ndarray) -> np.ndarray:
    return np.ma.masked_array(pixels, mask=False)


def off_by_one(pixels: np.ndarray) -> np.ndarray:
    """The same, beginning at an odd address."""
    raw = np.zeros(pixels.nbytes + 1, np.uint8)
    raw[1:] = np.frombuffer(pixels.tobytes(), np.uint8)
    return np.ndarray(pixels.shape, pixels.dtype, raw, offset=1)


VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "crop": lambda pixels: pixels[5:20, 3:-2],
    "every other row": lambda pixels: pixels[::2],
    "every third column": lambda pixels: pixels[:, ::3],
    "upside down": lambda pixels: pixels[::-1],
    "mirrored": lambda pixels: pixels[:, ::-1],
    "turned": lambda pixels: pixels.swapaxes(0, 1),
    "columns first": np.asfortranarray,
    "channels first": lambda pixels: np.ascontiguousarray(pixels.T).T,
    "channels backwards": lambda pixels: pixels[..., ::-1],
    "one row again and again": lambda pixels: np.broadcast_to(pixels[:1], pixels.shape),
    "one pixel again and again": lambda pixels: np.broadcast_to(pixels[:1, :1], pixels.shape),
    "one row": lambda pixels: pixels[7:8],
    "one column": lambda pixels: pixels[:, 4:5],
    "read-only": frozen,
    "masked": wrapped,
    "at an odd address": off_by_one,
}


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "torch"])
@pytest.mark.parametrize("view", VIEWS)
def test_views_are_upscaled_as_copies_are(engine: str, view: str) -> None:
    rng = np.random.default_rng(0)
    for shape in SHAPES:
        for dtype in DTYPES:
            pixels = rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
            seen = VIEWS[view](pixels)
            copy = np.array(
                seen, dtype=seen.dtype.newbyteorder("="), order="C", copy=True, subok=False
            )
            large = iqlut.upscale(seen, 2, TABLES, engine, threads=2)
            expected = iqlut.upscale(copy, 2, TABLES, "reference")
            assert (
                type(large) is np.ndarray and large.dtype == copy.dtype and large.flags.c_contiguous
            )
            np.testing.assert_array_equal(large, expected, f"{shape}, {dtype}")
            np.testing.assert_array_equal(seen, copy)


def test_three_colours_of_four_bytes_are_read_where_they_lie() -> None:
    """Where the fourth byte of the last pixel is not there, and where red is not first."""
    pixels = np.random.default_rng(1).integers(0, 256, (9, 33, 4), dtype=np.uint8)
    for seen in (
        pixels[:, :, :3],
        pixels[:, :, 1:],
        pixels[2:, 5:, 1:],
        pixels[:, ::-1, 1:],
        pixels[:1, :1, 1:],
    ):
        np.testing.assert_array_equal(
            iqlut.upscale(seen, 2, TABLES), iqlut.upscale(seen.copy(), 2, TABLES, "reference")
        )


def test_a_mapped_file_is_an_array(tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    (tmp_path / "raw").write_bytes(b"head" + pixels.tobytes())
    mapped = np.memmap(tmp_path / "raw", np.uint8, "r", 4, pixels.shape)
    np.testing.assert_array_equal(
        iqlut.upscale(mapped, 2, TABLES), iqlut.upscale(pixels, 2, TABLES)
    )


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_matrix_is_a_plane(engine: str) -> None:
    if engine == "torch":
        pytest.importorskip("torch", reason="torch is not installed")
    plane = np.random.default_rng(3).integers(0, 256, (5, 6), dtype=np.uint8)
    expected = iqlut.upscale(plane, 2, TABLES, "reference")
    np.testing.assert_array_equal(iqlut.upscale(np.matrix(plane), 2, TABLES, engine), expected)
    large = iqlut.engines.get(engine).build(TABLES)(np.matrix(plane))
    assert type(large) is np.ndarray and large.tobytes() == expected.tobytes()


NO_PICTURES = {
    "no rows": np.zeros((0, 4), np.uint8),
    "no columns": np.zeros((4, 0, 3), np.uint8),
    "no channels": np.zeros((4, 4, 0), np.uint8),
    "no rows of 16 bits": np.zeros((0, 4), np.uint16),
    "a number": np.array(7, np.uint8),
    "a line": np.zeros(4, np.uint8),
    "a batch": np.zeros((1, 4, 4, 3), np.uint8),
    "one channel": np.zeros((4, 4, 1), np.uint8),
    "five channels": np.zeros((4, 4, 5), np.uint8),
    "five channels of 16 bits": np.zeros((4, 4, 5), np.uint16),
    "bool": np.zeros((4, 4), bool),
    "int8": np.zeros((4, 4), np.int8),
    "int64": np.zeros((4, 4), np.int64),
    "uint32": np.zeros((4, 4, 3), np.uint32),
    "half floats": np.zeros((4, 4), np.float16),
    "floats": np.zeros((4, 4, 3), np.float32),
    "complex": np.zeros((4, 4), complex),
    "objects": np.zeros((4, 4), object),
    "text": np.zeros((4, 4), "S1"),
    "records": np.zeros((4, 4), [("luma", "u1")]),
}


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "torch"])
@pytest.mark.parametrize("what", NO_PICTURES)
def test_what_is_no_picture_is_refused_in_one_sentence(engine: str, what: str) -> None:
    pixels = NO_PICTURES[what]
    with pytest.raises(ValueError, match=r"expected a uint8( or uint16)? array") as refusal:
        iqlut.upscale(pixels, 2, TABLES, engine)
    assert (
        f"is {pixels.dtype} {pixels.shape}, " in str(refusal.value)
        and refusal.value.__context__ is None
    )
