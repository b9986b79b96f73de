"""The same plane is upscaled to the same samples in a picture and in a video frame."""

from __future__ import annotations

import numpy as np
import pytest

from iqlut.engines import native, reference
from iqlut.planes import colour, cubic, high_bit_depth
from iqlut.planes.high_bit_depth import PICTURE_16_BITS, SampleDepth, video_depth
from iqlut.videos.frame_planes import Layout, upscale_planes
from random_tables import random_tables

SCALES = (2, 3, 4)
DEPTHS = (9, 10, 11, 12)


def repeated(scale: int):
    return lambda plane: plane.repeat(scale, axis=0).repeat(scale, axis=1)


def cubic_by_definition(plane: np.ndarray, scale: int, offsets: tuple[float, float]) -> np.ndarray:
    """Sample by sample in Python's integers, times 2**5, from the weights of the phases."""
    h, w = plane.shape
    rows, columns = (cubic.phases(scale, offset) for offset in offsets)
    out = np.empty((scale * h, scale * w), object)
    for y in range(scale * h):
        for x in range(scale * w):
            top, down = rows[y % scale]
            left, across = columns[x % scale]
            total = sum(
                down[i]
                * across[j]
                * int(
                    plane[
                        min(max(y // scale + top + i, 0), h - 1),
                        min(max(x // scale + left + j, 0), w - 1),
                    ]
                )
                for i in range(5)
                for j in range(5)
            )
            out[y, x] = (total + 2**14) >> 15
    return out


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("depth", [8, *DEPTHS])
@pytest.mark.parametrize(
    ("chroma", "sited"),
    [
        ((0, 0), (False, False)),
        ((1, 1), (True, False)),
        ((2, 0), (True, False)),
        ((1, 1), (True, True)),
    ],
)
def test_chroma_of_videos_is_the_rule(
    scale: int, depth: int, chroma: tuple[int, int], sited: tuple[bool, bool]
) -> None:
    """Every siting and depth, with the extreme samples whose sums are the largest."""
    most = (1 << depth) - 1
    layout = Layout(7 << chroma[0], 5 << chroma[1], depth, chroma, sited)
    rng = np.random.default_rng(depth)
    planes = [rng.integers(0, 2, shape) * most for shape in layout.shapes()]
    planes[2] = rng.integers(0, most + 1, planes[2].shape)
    frame = [plane.astype(layout.dtype) for plane in planes]
    larger = upscale_planes(frame, layout, scale, repeated(scale))
    across, down = (
        (scale - 1) / (2 * scale << log2 * on) for log2, on in zip(chroma, sited, strict=True)
    )
    for plane, result in zip(frame[1:], larger[1:], strict=True):
        value = cubic_by_definition(plane, scale, (down, across))
        expected = np.clip((value + 16) >> 5, 0, most).astype(layout.dtype)
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("scale", SCALES)
def test_chroma_of_pictures_is_that_of_videos(scale: int) -> None:
    """Pictures, 4:4:4 frames and the C code of the native engine upscale chroma alike.

    In a picture whose green is 0, the difference of blue and green is a plane of 8 bits. The
    samples of a 4:4:4 frame are its upscaled values, rounded.
    """
    rng = np.random.default_rng(scale)
    plane = rng.integers(0, 256, (9, 13), dtype=np.uint8)
    rgb = np.stack([np.zeros_like(plane), np.zeros_like(plane), plane], axis=2)
    layout = Layout(13, 9, 8, (0, 0), (False, False))
    in_video = upscale_planes([plane, plane, plane], layout, scale, repeated(scale))[1]
    value = cubic_by_definition(plane, scale, (cubic.centred(scale),) * 2).astype(np.int64)
    np.testing.assert_array_equal(in_video, np.clip((value + 16) >> 5, 0, 255))
    tables = random_tables(rng, scale=scale)
    upscale_plane = reference.build(tables)
    luma, rest = colour.split(rgb)
    luma_sr = upscale_plane(luma)
    in_picture = colour.join(luma_sr, rest, scale)
    green = (luma_sr.astype(np.int64) << 21) - 7471 * value + (1 << 20) - 1
    expected = np.stack([green, green, green + (value << 16)], axis=2) >> 21
    np.testing.assert_array_equal(in_picture, expected.clip(0, 255))
    np.testing.assert_array_equal(native.build(tables).colours(rgb), in_picture)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("scale", SCALES)
def test_luma_of_videos_and_pictures_of_8_bit_content(depth: int, scale: int) -> None:
    rng = np.random.default_rng(scale)
    upscale_plane = reference.build(random_tables(rng, scale=scale))
    plane = rng.integers(0, 256, (7, 9), dtype=np.uint8).astype(np.uint16)
    layout = Layout(9, 7, depth, None)
    eight = upscale_plane(plane.astype(np.uint8)).astype(np.uint16)
    (in_video,) = upscale_planes([plane << (depth - 8)], layout, scale, upscale_plane)
    in_picture = high_bit_depth.upscale(plane * 257, upscale_plane, scale, PICTURE_16_BITS)
    np.testing.assert_array_equal(in_video, eight << (depth - 8))
    np.testing.assert_array_equal(in_picture, eight * 257)


def by_definition(plane: np.ndarray, upscale_plane, scale: int, depth: SampleDepth) -> np.ndarray:
    """The formula of the module, reading by reading, in 64 bits."""
    from iqlut import arithmetic as ar

    total = np.zeros((scale * plane.shape[0], scale * plane.shape[1]), np.int64)
    for k in range(8):
        code = np.minimum(
            (plane.astype(np.int64) + depth.steps * (2 * k + 1) // 16) // depth.steps, 255
        )
        padded = np.pad(plane - depth.steps * code, 1, mode="edge")
        total += upscale_plane(code.astype(np.uint8)).astype(np.int64) * depth.steps * 4 * scale**2
        for i in range(scale):
            for j in range(scale):
                total[i::scale, j::scale] += ar.bilinear(padded, scale, i, j)
    weight = 8 * 4 * scale**2
    return ((total + weight // 2) // weight).clip(0, depth.sample_max).astype(np.uint16)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("depth", [PICTURE_16_BITS, *map(video_depth, (*DEPTHS, 16))])
def test_every_depth_follows_the_one_rule(depth: SampleDepth, scale: int) -> None:
    """Random planes and planes of the largest samples are equal in video frames and pictures."""
    rng = np.random.default_rng(scale)
    upscale_plane = reference.build(random_tables(rng, scale=scale))
    for low in (0, depth.sample_max - 3):
        plane = rng.integers(low, depth.sample_max + 1, (6, 8), dtype=np.uint16)
        expected = by_definition(plane, upscale_plane, scale, depth)
        result = high_bit_depth.upscale(plane, upscale_plane, scale, depth)
        np.testing.assert_array_equal(result, expected)
        bits = depth.sample_max.bit_length()
        if depth.steps != 257 and bits <= 12:
            layout = Layout(8, 6, bits, None)
            np.testing.assert_array_equal(
                upscale_planes([plane], layout, scale, upscale_plane)[0], expected
            )


@pytest.mark.parametrize("bits", DEPTHS)
def test_every_depth_reads_the_same_codes_as_16_bits(bits: int) -> None:
    """A sample v of a video and ceil(257 * v / 2**(bits - 8)) in a picture have equal codes."""
    depth, samples = video_depth(bits), np.arange(1 << bits, dtype=np.int64)
    mapped = -(-257 * samples // depth.steps)
    inside = mapped <= 65535
    for k in range(8):
        own = np.minimum((samples + depth.steps * (2 * k + 1) // 16) // depth.steps, 255)
        other = (mapped + 257 * (2 * k + 1) // 16) // 257
        np.testing.assert_array_equal(own[inside], other[inside])


@pytest.mark.parametrize(("bits", "passes"), [(8, 1), (9, 2), (10, 4), (11, 8), (12, 8)])
def test_passes_through_the_tables(bits: int, passes: int) -> None:
    seen: list[int] = []

    def counted(plane: np.ndarray) -> np.ndarray:
        seen.append(1)
        return repeated(2)(plane)

    layout = Layout(4, 4, bits, None)
    upscale_planes([np.full((4, 4), 9, layout.dtype)], layout, 2, counted)
    assert len(seen) == passes
