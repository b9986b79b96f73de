"""Damage by H.264 and H.265: patches become frames of a clip that PyAV encodes and decodes.

All patches of a step that a codec damages are frames of one short clip.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from iqlut.evaluation import degradation
from iqlut.network.configuration import BadConfig, DegradeConfig
from iqlut.training.patch_damage import PatchDamage, PatchPlace

FRAMES = 3  # frames for each patch, with motion between them; the last one is used
_AROUND_PX = 16  # by how much a frame is higher and wider than its patch
# The least side of an encoded frame. x265 reads outside its memory for smaller frames.
_SIDE_LEAST_PX = {"h264": 16, "hevc": 128}
_BLOCK_PX = 16
_GRAY = 128
_RATE = 25
# One thread, and no look-ahead for x264: its result for frames this small otherwise varies.
_ENCODERS = {
    "h264": (
        "libx264",
        {"threads": "1", "x264-params": "mbtree=0:rc-lookahead=0:bframes=0:scenecut=0"},
    ),
    "hevc": ("libx265", {"x265-params": "log-level=none:pools=none:frame-threads=1:no-wpp=1"}),
}

# the number of a patch in its batch, its damage and its place
Recorded = tuple[int, PatchDamage, PatchPlace]


def check(config: DegradeConfig) -> None:
    """Raise BadConfig if the configuration uses codecs and PyAV is not installed."""
    if config.codec_share:
        try:
            import av  # noqa: F401
        except ImportError:
            raise BadConfig(
                "degrade.codec_share is set and PyAV is not installed, expected PyAV; run pip "
                "install 'iqlut[video]', or set degrade.codec_share to 0"
            ) from None


def encoded(
    recorded: Sequence[Recorded], rng: np.random.Generator
) -> Iterator[tuple[int, np.ndarray]]:
    """Encode and decode patches; yield the number of each and its luma, uint8 (side, side).

    Patches of one codec share a clip, which is encoded at the quality of the first of them. A patch
    whose plane is smaller than a frame is left as it is and not yielded.
    """
    clips: dict[str, list[Recorded]] = defaultdict(list)
    for one in recorded:
        clips[one[1].codec].append(one)
    for codec, members in clips.items():
        members = [
            one for one in members if min(one[2].planes.shape[1:]) >= _frame_side(one[2].side)
        ]
        frames = [frame for one in members for frame in _frames(*one[1:], rng)]
        decoded = _through(codec, members[0][1].crf, frames) if frames else []
        for (number, damage, place), frame in zip(
            members, decoded[FRAMES - 1 :: FRAMES], strict=True
        ):
            y, x = place.y - _corner(place, damage, 0)[0], place.x - _corner(place, damage, 0)[1]
            yield number, frame[y : y + place.side, x : x + place.side]


def _frame_side(patch: int) -> int:
    """The side of the frame, in pixels, for a patch of this side: a multiple of the block."""
    return (patch + _AROUND_PX + _BLOCK_PX - 1) // _BLOCK_PX * _BLOCK_PX


def _corner(place: PatchPlace, damage: PatchDamage, back: int) -> tuple[int, int]:
    """The top left corner (y, x), in the plane, of the frame `back` frames before the last one."""
    corner = []
    for at, side, motion in zip(
        (place.y, place.x), place.planes.shape[1:], damage.motion, strict=True
    ):
        begin = at - _AROUND_PX // 2 - back * motion
        corner.append(min(max(begin, 0), side - _frame_side(place.side)))
    return corner[0], corner[1]


def _frames(
    damage: PatchDamage, place: PatchPlace, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """The frames of a patch, uint8 (side, side), before encoding; each gets noise of its own."""
    side = _frame_side(place.side)
    for back in reversed(range(FRAMES)):
        y, x = _corner(place, damage, back)
        luma = place.planes[0, y : y + side, x : x + side]
        yield (
            degradation.add_noise(luma, damage.sigma, rng, damage.signal_part)
            if damage.sigma
            else luma
        )


def _through(codec: str, crf: float, frames: list[np.ndarray]) -> list[np.ndarray]:
    """Encode luma frames, uint8 (side, side), at a constant rate factor, and decode them."""
    import av

    name, options = _ENCODERS[codec]
    file, side = io.BytesIO(), max(len(frames[0]), _SIDE_LEAST_PX[codec])
    frames = [np.pad(luma, ((0, side - len(luma)),) * 2, mode="edge") for luma in frames]
    with av.open(file, "w", format="matroska") as target:
        stream: Any = target.add_stream(
            name, rate=_RATE, options={"crf": f"{crf:.1f}", "preset": "veryfast", **options}
        )
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        for number, luma in enumerate(frames):
            colour = np.full((side // 2, side), _GRAY, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.concatenate([luma, colour]), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as source:
        source.streams.video[0].thread_type = "NONE"
        return [_luma(frame, side) for frame in source.decode(video=0)]


def _luma(frame: Any, side: int) -> np.ndarray:
    """The luma of a decoded frame, uint8 (side, side)."""
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:side, :side].copy()
