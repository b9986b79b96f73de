"""The packets of all streams but the upscaled one, on the time line of the result."""

from __future__ import annotations

import math
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

from iqlut.videos.audio_encoding import AudioEncoder
from iqlut.videos.decoding import packets_of
from iqlut.videos.time_line import corrected, move
from iqlut.videos.video_types import Video

if TYPE_CHECKING:
    from av.container import InputContainer


@dataclass(frozen=True)
class Window:
    """The time range of a part of a video, in seconds.

    Its start becomes time 0 of the output. Where a window is None, the whole video is written with
    its original times.
    """

    start: Fraction
    end: Fraction


def chapters_of(source: InputContainer, video: Video, window: Window | None) -> list[Any]:
    """The chapters of the source on the time line of the output."""
    origin = video.start_s + (window.start if window else 0)
    kept = []
    for chapter in source.chapters():
        base = chapter["time_base"] or Fraction(1, av.time_base)
        start, end = chapter["start"] * base - origin, chapter["end"] * base - origin
        if window is not None:
            start, end = max(Fraction(0), start), min(window.end - window.start, end)
        if start < end or window is None:
            kept.append({**chapter, "start": round(start / base), "end": round(end / base)})
    return kept


def other_packets(
    source: InputContainer,
    video: Video,
    copies: Mapping[int, Any],
    encoders: Mapping[int, AudioEncoder],
    window: Window | None,
    hides_packets: bool,
) -> Generator[tuple[float, Any], None, None]:
    """The packets of the other streams in the order of the source.

    Audio that has an encoder is encoded. `hides_packets` says whether the output has an edit list,
    which hides the packets before the first sound. Each packet is preceded by its position in the
    order of writing, in seconds.
    """
    position = -math.inf
    last_times: dict[int, Any] = {}
    streams = copies if hides_packets else encoders
    primed = () if window else [i for i in streams if copies[i].type == "audio"]
    for packet in _kept_packets(source, video, copies, window, primed):
        index = packet.stream.index  # the last packet has no stream_index
        encoder = encoders.get(index)
        for written in encoder.encode(packet) if encoder else [packet] if packet.size else []:
            time = written.dts if written.dts is not None else written.pts
            last = last_times.get(index, -math.inf)
            if time < last or (time == last and copies[index].type == "audio"):
                move(written, (last + 1 - time) * written.time_base)
                time = last + 1
            last_times[index] = time
            position = max(position, float(time * written.time_base))
            written.stream = copies[index]
            yield position, written


def _kept_packets(
    source: InputContainer,
    video: Video,
    copies: Mapping[int, Any],
    window: Window | None,
    primed: Collection[int],
) -> Generator[Any, None, None]:
    """The packets of the given streams in a window, with the times of the result.

    The last packet of each stream is empty. Of what an edit list cuts away, the last packet before
    the first sound is kept in the `primed` streams: codecs such as AAC need it to decode that one.
    """
    streams = [source.streams[index] for index in copies]
    packets = packets_of(source, video.path, streams) if streams else ()
    last_cut: dict[int, Any] = {}
    for packet in corrected(packets, video.corrections):
        if packet.is_discard:  # cut away by the edit list of an MP4 file
            last_cut[packet.stream.index] = packet
            continue
        before = last_cut.pop(packet.stream.index, None)
        if before is not None and packet.stream.index in primed:
            yield before
        if packet.size and packet.pts is None and packet.dts is None:
            packet.pts = packet.dts = 0  # a cover picture, which has no time
        elif packet.size and window is not None and not _inside(packet, window):
            continue
        yield packet


def _inside(packet: Any, window: Window) -> bool:
    """Whether a packet belongs to the window.

    If so, its times become relative to the start of the window. A subtitle that is displayed from
    before the start on is changed to begin there.
    """
    base = packet.time_base
    start, end = round(window.start / base), round(window.end / base)
    time = packet.pts if packet.pts is not None else packet.dts
    subtitle = packet.stream.type == "subtitle"
    late = time + (packet.duration or 0) > start if subtitle else time >= start
    if not late or time >= end:
        return False
    if subtitle and time < start:
        packet.duration, packet.pts, packet.dts = time + packet.duration - start, start, start
    for name in ("pts", "dts"):
        if getattr(packet, name) is not None:
            setattr(packet, name, getattr(packet, name) - start)
    return True
