"""The time line of a video: time stamps that go on where the clock of a recording jumps.

Recordings that were joined, and broadcasts whose transmitter was restarted, have a clock that jumps
in the middle, and many recordings start at an arbitrary time. Players show such files without a
gap, from time 0 on. The corrections are found in a first pass over all packets and applied
whenever packets are read again. The rules are those of ffmpeg (`ts_discontinuity_process` in
fftools/ffmpeg_demux.c), except that each stream changes to the new clock when its own packets do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av

from iqlut.videos.video_types import Corrections

_BACK_S = Fraction(1, 10)  # a decoding time that is earlier by more than this is a jump
_AHEAD_S = Fraction(10)  # so is one that is later by more than this, in formats that have jumps
_SAME_CLOCK_S = Fraction(1)  # by which two streams of a recording may overlap at a jump
_FORMAT_HAS_JUMPS = 0x0200  # AVFMT_TS_DISCONT
_TIMED = ("video", "audio")


@dataclass
class _StreamClock:
    """The state of a stream: `clock` is an index of offsets, the times are corrected seconds."""

    clock: int
    packets: int = 0
    last_s: Fraction | None = None
    next_s: Fraction = Fraction(0)
    changes: list[tuple[int, Fraction]] = field(default_factory=list)


class ClockObserver:
    """Finds the corrections of a file, of which it is shown every packet in order."""

    def __init__(self, container: Any, main: int) -> None:
        """`main` is the video stream, whose clock subtitles and data follow."""
        self._main = main
        self._has_jumps = bool(container.format.flags & _FORMAT_HAS_JUMPS)
        # The edit list of an MP4 file defines its time line, and its clock never jumps.
        self._is_edited = container.format.name.startswith("mov")
        self.start_s = Fraction(max(0, container.start_time or 0), av.time_base)
        self._offsets_s = [-self.start_s]
        self._streams: dict[int, _StreamClock] = {}

    def correct(self, packet: Any) -> Fraction:
        """The seconds to add to the times of a packet, which is the next one in the file."""
        state = self._streams.setdefault(
            packet.stream_index, _StreamClock(len(self._offsets_s) - 1)
        )
        if packet.stream.type not in _TIMED:
            main = self._streams.get(self._main)
            state.clock = main.clock if main else state.clock
        elif packet.dts is not None and not packet.is_discard and not self._is_edited:
            self._follow(state, packet)
        offset_s = self._offsets_s[state.clock]
        if not state.changes or state.changes[-1][1] != offset_s:
            state.changes.append((state.packets, offset_s))
        state.packets += 1
        return offset_s

    def corrections(self) -> Corrections:
        return {
            index: tuple(state.changes)
            for index, state in self._streams.items()
            if any(offset_s for _, offset_s in state.changes)
        }

    def packets(self) -> dict[int, int]:
        """The number of packets in each stream."""
        return {index: state.packets for index, state in self._streams.items()}

    def _follow(self, state: _StreamClock, packet: Any) -> None:
        """Change the clock of a stream if this packet shows that it has jumped."""
        raw_s = packet.dts * packet.time_base
        if state.last_s is not None and self._has_jumped(raw_s, state):
            newest_s = raw_s + self._offsets_s[-1]
            fits = -_SAME_CLOCK_S <= newest_s - state.next_s <= _AHEAD_S
            if state.clock == len(self._offsets_s) - 1 or not fits:
                self._offsets_s.append(state.next_s - raw_s)
            state.clock = len(self._offsets_s) - 1
        state.last_s = raw_s + self._offsets_s[state.clock]
        state.next_s = state.last_s + (packet.duration or 0) * packet.time_base

    def _has_jumped(self, raw_s: Fraction, state: _StreamClock) -> bool:
        time_s = raw_s + self._offsets_s[state.clock]
        assert state.last_s is not None
        ahead = self._has_jumps and time_s - state.next_s > _AHEAD_S
        return ahead or time_s + _BACK_S < state.last_s


def is_end(packet: Any) -> bool:
    """Whether this is the empty packet that PyAV adds at the end of a stream."""
    return packet.dts is None and packet.pts is None and not packet.size


def corrected(packets: Iterable[Any], corrections: Corrections) -> Generator[Any, None, None]:
    """The same packets with corrected times. Every packet of a stream must be among them."""
    counts: Counter[int] = Counter()
    for packet in packets:
        changes = corrections.get(packet.stream_index, ())
        if changes and not is_end(packet):
            number = counts[packet.stream_index]
            counts[packet.stream_index] += 1
            move(packet, next(s for first, s in reversed(changes) if first <= number))
        yield packet


def move(packet: Any, seconds: Fraction) -> None:
    """Add seconds to the times of a packet."""
    ticks = round(seconds / packet.time_base)
    if packet.pts is not None:
        packet.pts += ticks
    if packet.dts is not None:
        packet.dts += ticks


class DisplayTimes:
    """The display times of decoded frames, as FFmpeg guesses them for files with unreliable ones.

    The same as `guess_correct_pts` in libavcodec/decode.c: AVI files, for example, have only
    decoding times.
    """

    def __init__(self) -> None:
        self._faulty_pts = self._faulty_dts = 0
        self._last_pts = self._last_dts = -(1 << 62)

    def of(self, frame: Any) -> int | None:
        pts, dts = frame.pts, frame.dts
        if dts is not None:
            self._faulty_dts += dts <= self._last_dts
            self._last_dts = dts
        elif pts is not None:
            self._last_dts = pts
        if pts is not None:
            self._faulty_pts += pts <= self._last_pts
            self._last_pts = pts
        elif dts is not None:
            self._last_pts = dts
        if pts is not None and (self._faulty_pts <= self._faulty_dts or dts is None):
            return pts
        return dts
