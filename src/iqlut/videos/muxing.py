"""Multiplexing of the upscaled video with unchanged copies of all other streams of the source."""

from __future__ import annotations

import heapq
import io
import math
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.stream import Disposition

from iqlut.videos.containers import CONTAINERS
from iqlut.videos.decoding import opened, packets_of, video_stream
from iqlut.videos.encoders import set_colour
from iqlut.videos.resumable_segments import Segments
from iqlut.videos.time_line import corrected, move
from iqlut.videos.video_types import Video, VideoError

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

_PICTURES = {
    "mjpeg": ("jpg", "jpeg"),
    "png": ("png", "png"),
    "bmp": ("bmp", "bmp"),
    "webp": ("webp", "webp"),
}
_LEFT_OUT = ("data", "unknown")
_CHAPTER_TITLES = "bin_data"  # a stream in .mp4 files that FFmpeg writes itself
# Tags of the video stream, and of the file, that are no longer true after upscaling.
_UNTRUE_OF_STREAM = (
    "BPS", "NUMBER_OF_BYTES", "NUMBER_OF_FRAMES", "DURATION", "_STATISTICS", "encoder", "ENCODER",
)  # fmt: skip
_UNTRUE_OF_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder", "ENCODER")
_FREE_TAGS = {"movflags": "use_metadata_tags"}  # lets .mp4 files keep tags of any name
# Without this, the Matroska muxer marks the first stream of each type as the default.
_FLAGS_AS_GIVEN = {"default_mode": "passthrough"}
_LISTED_TAGS = {  # the tags that .mp4 files keep without the option above
    "title", "artist", "album_artist", "composer", "album", "date", "comment", "genre", "copyright",
    "grouping", "lyrics", "description", "synopsis", "show", "episode_id", "network", "keywords",
    "track", "disc", "creation_time", "location", "timecode", *_UNTRUE_OF_FILE,
}  # fmt: skip


@dataclass(frozen=True)
class Window:
    """The time range of a part of a video, in seconds.

    Its start becomes time 0 of the output. Where a window is None, the whole video is written with
    its original times.
    """

    start: Fraction
    end: Fraction


def check_streams(
    source: InputContainer, video: Video, container: str, target: Path
) -> tuple[str, ...]:
    """Check that the container can hold the streams of the source, and describe those left out.

    Returns one sentence for each stream that is left out. Raises VideoError if the container cannot
    hold one of the others.
    """
    with av.open(io.BytesIO(), "w", format=container) as output:
        others = [stream for stream in source.streams if stream.index != video.stream]
        for stream in others:
            if stream.type not in _LEFT_OUT:
                _copy_of(output, stream, target, video)
        return tuple(
            f"stream {stream.index} of {video.path} holds {stream.type}, which players do not "
            "need, and is left out"
            for stream in others
            if stream.type in _LEFT_OUT and stream.name != _CHAPTER_TITLES
        )


def join(
    source: InputContainer,
    video: Video,
    segments: Segments,
    file: Path,
    container: str,
    window: Window | None,
) -> None:
    """Write the upscaled segments and the other streams of the opened source to `file`."""
    with ExitStack() as stack:
        sample = stack.enter_context(opened(segments.path(0)))
        settings = _settings(container, source)
        output = stack.enter_context(
            av.open(str(file), "w", format=container, container_options=settings)
        )
        copies: dict[int, Any] = {}
        for stream in source.streams:
            if stream.index == video.stream:
                copies[stream.index] = _video(
                    output, sample.streams.video[0], stream, video, container
                )
            elif stream.type not in _LEFT_OUT:
                copies[stream.index] = _copy_of(output, stream, file, video)
        output.metadata.update(
            {k: v for k, v in source.metadata.items() if k not in _UNTRUE_OF_FILE}
        )
        output.set_chapters(_chapters(source, video, window))
        upscaled = _video_packets(video, segments, copies[video.stream], window)
        others = {
            i: copy for i, copy in copies.items() if i != video.stream and copy.type != "attachment"
        }
        rest = _other_packets(source, video, others, window)
        output.start_encoding()
        for _, packet in heapq.merge(upscaled, rest, key=lambda item: item[0]):
            output.mux_one(packet)


def check_finished(file: Path, target: Path, video: Video, segments: Segments) -> None:
    """Compare a finished file with the frames that were decoded: their number and their times.

    Raises VideoError if they differ.
    """
    with opened(file) as finished:
        stream = video_stream(finished, file)
        times = sorted(
            packet.pts
            for packet in packets_of(finished, file, [stream])
            if packet.size and packet.pts is not None
        )
    expected = [time for times in segments.times for time in times.pts]
    span_s = float((expected[-1] - expected[0]) * video.time_base)
    if len(times) == len(expected):
        differs_s = abs(float((times[-1] - times[0]) * stream.time_base) - span_s)
        if differs_s <= 2 * max(float(stream.time_base), 0.001):
            return
    raise VideoError(
        f"{target} would have {len(times)} frames, expected {len(expected)} frames in "
        f"{span_s:.3f} s as in {video.path}; run the same command again, and report this if it "
        "persists"
    )


def _settings(container: str, source: InputContainer) -> dict[str, str]:
    if container in ("mp4", "mov"):
        return {} if _LISTED_TAGS.issuperset(source.metadata) else _FREE_TAGS
    return _FLAGS_AS_GIVEN


def _video(output: OutputContainer, sample: Any, source: Any, video: Video, container: str) -> Any:
    """Add the stream of the upscaled video.

    It has the codec parameters of `sample`, a stream of a segment, and the tags of the source.
    """
    stream: Any = output.add_stream_from_template(sample, opaque=True)
    stream.time_base = video.time_base
    stream.codec_context.framerate = video.rate
    set_colour(stream.codec_context, video)
    if video.turn:
        stream.set_display_matrix(video.turn)
    if sample.codec_context.name == "hevc" and container in ("mp4", "mov"):
        stream.codec_context.codec_tag = "hvc1"  # Apple's players require this tag
    stream.metadata.update(
        {k: v for k, v in source.metadata.items() if not k.startswith(_UNTRUE_OF_STREAM)}
    )
    stream.disposition = source.disposition
    return stream


def _copy_of(output: OutputContainer, stream: Any, target: Path, video: Video) -> Any:
    """Add a copy of a stream of the source, including its tags.

    Raises VideoError if the container cannot hold it.
    """
    try:
        if stream.type == "attachment" and output.format.name != "matroska":
            raise ValueError("only Matroska can hold attachments")
        if stream.disposition & Disposition.attached_pic and output.format.name == "matroska":
            return _attached_picture(output, stream, video)
        copy: Any = output.add_stream_from_template(stream, opaque=True)
    except ValueError:
        codec = stream.codec_context.name if stream.codec_context else "a file"
        suffix = video.path.suffix.lower()
        other = suffix if suffix in CONTAINERS and suffix != target.suffix.lower() else ".mkv"
        raise VideoError(
            f"{target} cannot hold stream {stream.index} of {video.path} ({stream.type}, {codec}); "
            f"write a {other} file"
        ) from None
    copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    return copy


def _attached_picture(output: OutputContainer, stream: Any, video: Video) -> Any:
    """Add a cover picture as an attached file, which is how Matroska stores it."""
    extension, kind = _PICTURES.get(stream.codec_context.name, ("jpg", "jpeg"))
    with opened(video.path) as source:
        packets = packets_of(source, video.path, [source.streams[stream.index]])
        data = next((bytes(packet) for packet in packets if packet.size), b"")
    tags = {"filename": f"cover.{extension}", "mimetype": f"image/{kind}"} | stream.metadata
    copy = output.add_attachment(tags["filename"], tags["mimetype"], data)
    copy.metadata.update(tags)
    return copy


def _chapters(source: InputContainer, video: Video, window: Window | None) -> list[Any]:
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


def _video_packets(
    video: Video, segments: Segments, stream: Any, window: Window | None
) -> Generator[tuple[float, Any], None, None]:
    """The packets of all segments with the time stamps of the source.

    Each packet is preceded by its position in the order of writing, in seconds. The decoding time
    of packet i is the display time of frame i - delay. This is never later than the display time of
    its own frame, because no encoder delays a frame by more than `delay`.
    """
    pts = [time for times in segments.times for time in times.pts]
    durations = [time for times in segments.times for time in times.durations]
    delay = max(times.delay for times in segments.times)
    shift = round(window.start / video.time_base) if window else 0
    step = max(1, round(1 / (video.rate * video.time_base)))
    written = first = 0
    for path, times in zip(segments.paths(), segments.times, strict=True):
        with opened(path) as segment:
            base = segment.streams.video[0].time_base or Fraction(1, 1000)
            for packet in packets_of(segment, path, [segment.streams.video[0]]):
                if packet.pts is None:
                    continue  # the end of the stream
                number = first + round(packet.pts * base * 1000)
                dts = (
                    pts[written - delay] if written >= delay else pts[0] - (delay - written) * step
                )
                packet.time_base, packet.stream = video.time_base, stream
                packet.pts, packet.dts, packet.duration = (
                    pts[number] - shift,
                    dts - shift,
                    durations[number],
                )
                written += 1
                yield float(packet.dts * video.time_base), packet
        first += len(times.pts)


def _other_packets(
    source: InputContainer, video: Video, copies: dict[int, Any], window: Window | None
) -> Generator[tuple[float, Any], None, None]:
    """The packets of the other streams in the order of the source.

    Each is preceded by its position in the order of writing, as in `_video_packets`.
    """
    position = -math.inf
    last_times: dict[int, Any] = {}
    streams = [source.streams[index] for index in copies]
    packets = packets_of(source, video.path, streams) if streams else ()
    for packet in corrected(packets, video.corrections):
        if not packet.size or packet.is_discard:
            continue  # the end of the stream, or cut away by the edit list of an MP4 file
        if packet.pts is None and packet.dts is None:
            packet.pts = packet.dts = 0  # a cover picture, which has no time
        elif window is not None and not _inside(packet, window):
            continue
        time = packet.dts if packet.dts is not None else packet.pts
        last = last_times.get(packet.stream_index, -math.inf)
        if time < last or (time == last and packet.stream.type == "audio"):
            move(packet, (last + 1 - time) * packet.time_base)
            time = last + 1
        last_times[packet.stream_index] = time
        position = max(position, float(time * packet.time_base))
        packet.stream = copies[packet.stream_index]
        yield position, packet


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
