"""Multiplexing of the upscaled video with all other streams of the source."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from iqlut.videos import matroska_tracks as matroska
from iqlut.videos.audio_encoding import AudioEncoder
from iqlut.videos.decoding import opened, packets_of
from iqlut.videos.encoders import set_colour
from iqlut.videos.other_packets import Window, chapters_of, other_packets
from iqlut.videos.resumable_segments import Segments
from iqlut.videos.stream_choice import video_stream
from iqlut.videos.stream_copies import Storage, add_copy, edit_with_room
from iqlut.videos.track_properties import properties_of, template, with_display_size
from iqlut.videos.video_types import Part, Video, VideoError

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

# Tags of the video stream, and of the file, that are no longer true after upscaling.
_UNTRUE_OF_STREAM = (
    "BPS", "NUMBER_OF_BYTES", "NUMBER_OF_FRAMES", "DURATION", "_STATISTICS", "encoder", "ENCODER",
)  # fmt: skip
_UNTRUE_OF_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder", "ENCODER")
_WITH_EDIT_LIST = ("mp4", "mov")
_FREE_TAGS = {"movflags": "use_metadata_tags"}  # lets .mp4 files keep tags of any name
_RECORDS = {"strict": "unofficial"}  # lets .mp4 files hold the spherical mapping
_NO_TIME_CODE = {"write_tmcd": "0"}  # the muxer would need the frame rate, which PyAV cannot set
# Without this, the Matroska muxer marks the first stream of each type as the default.
_FLAGS_AS_GIVEN = {"default_mode": "passthrough"}
_LISTED_TAGS = {  # the tags that .mp4 files keep without the option above
    "title", "artist", "album_artist", "composer", "album", "date", "comment", "genre", "copyright",
    "grouping", "lyrics", "description", "synopsis", "show", "episode_id", "network", "keywords",
    "track", "disc", "creation_time", "location", "timecode", *_UNTRUE_OF_FILE,
}  # fmt: skip


@dataclass(frozen=True)
class FinishedFile:
    """What the finished file consists of.

    storages     how each of the other streams is stored
    audio_codec  the codec of audio that is encoded
    scale        by which the frames are wider than those of the source
    aspect       the pixel aspect ratio of the frames, width to height; None if it is not stated
    part         the part of the source
    """

    container: str
    storages: Mapping[int, Storage]
    audio_codec: str | None
    scale: Fraction
    aspect: Fraction | None
    part: Part


def join(
    source: InputContainer, video: Video, segments: Segments, file: Path, result: FinishedFile
) -> None:
    """Write the upscaled segments and the other streams of the opened source to `file`."""
    edits: dict[int, matroska.Edit] = {}
    window = None if result.part.whole else _window(video, segments)
    with ExitStack() as stack:
        first = template(segments.path(0), video.properties, result.scale)
        sample = stack.enter_context(av.open(first)).streams.video[0]
        output = stack.enter_context(
            av.open(
                str(file),
                "w",
                format=result.container,
                container_options=_settings(result.container, source),
            )
        )
        copies: dict[int, Any] = {}
        encoders: dict[int, AudioEncoder] = {}
        for stream in source.streams:
            storage = result.storages.get(stream.index)
            if stream.index == video.stream:
                copy, edit = _video(output, sample, stream, video, result), None
                if result.container in ("matroska", "webm"):
                    edit = edit_with_room(copy, partial(with_display_size, aspect=result.aspect))
            elif storage is Storage.ENCODED:
                encoders[stream.index] = AudioEncoder(output, stream, str(result.audio_codec))
                copy, edit = encoders[stream.index].stream, None
            elif storage is not None:
                copy, edit = add_copy(output, stream, storage, video)
            else:
                continue
            if edit is not None:
                edits[sum(copy.type != "attachment" for copy in copies.values())] = edit
            copies[stream.index] = copy
        _write(source, video, segments, _Opened(output, copies, encoders), window)
    if edits:
        matroska.edit_tracks(file, edits)


@dataclass(frozen=True)
class _Opened:
    """The output, and for each stream of the source the stream and encoder in it."""

    output: OutputContainer
    copies: Mapping[int, Any]
    encoders: Mapping[int, AudioEncoder]


def _write(
    source: InputContainer, video: Video, segments: Segments, opened: _Opened, window: Window | None
) -> None:
    """Write the header and all packets."""
    output, copies = opened.output, opened.copies
    output.metadata.update({k: v for k, v in source.metadata.items() if k not in _UNTRUE_OF_FILE})
    output.set_chapters(chapters_of(source, video, window))
    upscaled = _video_packets(video, segments, copies[video.stream], window)
    others = {
        i: copy for i, copy in copies.items() if i != video.stream and copy.type != "attachment"
    }
    hides_packets = output.format.name in _WITH_EDIT_LIST
    rest = other_packets(source, video, others, opened.encoders, window, hides_packets)
    output.start_encoding()
    for _, packet in heapq.merge(upscaled, rest, key=lambda item: item[0]):
        output.mux_one(packet)


def _window(video: Video, segments: Segments) -> Window:
    """The time range in which the frames of a part are displayed."""
    first, last = segments.times[0], segments.times[-1]
    return Window(
        first.pts[0] * video.time_base, (last.pts[-1] + last.durations[-1]) * video.time_base
    )


def check_finished(file: Path, target: Path, video: Video, segments: Segments) -> tuple[str, ...]:
    """Compare a finished file with the frames that were decoded: their number and their times.

    Returns a sentence for each property of the source that the container does not hold. Raises
    VideoError if frames or times differ.
    """
    with opened(file) as finished:
        stream = video_stream(list(finished.streams), file)
        kept = properties_of(stream, None).names()
        times = sorted(
            packet.pts
            for packet in packets_of(finished, file, [stream])
            if packet.size and packet.pts is not None
        )
        tick_s = float(stream.time_base)  # PyAV frees the stream with its container
    expected = [time for times in segments.times for time in times.pts]
    span_s = float((expected[-1] - expected[0]) * video.time_base)
    if len(times) == len(expected):
        differs_s = abs((times[-1] - times[0]) * tick_s - span_s)
        if differs_s <= 2 * max(tick_s, 0.001):
            return tuple(
                f"{target} does not hold the {name} of {video.path}; write a .mkv file to keep it"
                for name in sorted(video.properties.names() - kept)
            )
    raise VideoError(
        f"{target} would have {len(times)} frames, expected {len(expected)} frames in "
        f"{span_s:.3f} s as in {video.path}; run the same command again, and report this if it "
        "persists"
    )


def _settings(container: str, source: InputContainer) -> dict[str, str]:
    if container in _WITH_EDIT_LIST:
        return (
            _RECORDS
            | _NO_TIME_CODE
            | ({} if _LISTED_TAGS.issuperset(source.metadata) else _FREE_TAGS)
        )
    return _FLAGS_AS_GIVEN


def _video(
    output: OutputContainer, sample: Any, source: Any, video: Video, result: FinishedFile
) -> Any:
    """Add the stream of the upscaled video.

    It has the codec parameters of `sample`, a stream of a segment, and the tags of the source.
    """
    stream: Any = output.add_stream_from_template(sample, opaque=True)
    stream.time_base = video.time_base
    stream.codec_context.framerate = video.rate
    set_colour(stream.codec_context, video, result.aspect)
    if video.turn:
        stream.set_display_matrix(video.turn)
    if sample.codec_context.name == "hevc" and result.container in ("mp4", "mov"):
        stream.codec_context.codec_tag = "hvc1"  # Apple's players require this tag
    stream.metadata.update(
        {k: v for k, v in source.metadata.items() if not k.startswith(_UNTRUE_OF_STREAM)}
    )
    stream.disposition = source.disposition
    return stream


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
