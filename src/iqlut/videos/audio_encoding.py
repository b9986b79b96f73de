"""Encoding of audio that the container of the result cannot hold as it is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.codec
import av.error

if TYPE_CHECKING:
    from av.container import OutputContainer

# The names of `--audio-codec`, and FFmpeg's encoders.
AUDIO_CODECS = {
    "aac": "aac",
    "opus": "libopus",
    "mp3": "libmp3lame",
    "ac3": "ac3",
    "flac": "flac",
    "pcm": "pcm_s16le",
}
_USUAL_LAYOUTS = ("mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1")
_LOSSLESS = ("flac", "pcm")
_BITS_PER_S_CHANNEL = 96_000


class AudioEncoder:
    """Decodes the packets of an audio stream and encodes them for a stream of the output."""

    def __init__(self, output: OutputContainer, source: Any, audio_codec: str) -> None:
        context = source.codec_context
        if "channels" in context.layout.name:  # only their number is known
            context.layout = _USUAL_LAYOUTS[context.channels - 1]
        codec = av.codec.Codec(AUDIO_CODECS[audio_codec], "w")
        bit_rate = 0 if audio_codec in _LOSSLESS else _BITS_PER_S_CHANNEL * context.channels
        self.stream: Any = output.add_stream(
            codec.name,
            rate=_rate(context.rate, codec.audio_rates),
            layout=context.layout,
            bit_rate=bit_rate,
        )
        self.stream.metadata.update(source.metadata)
        self.stream.disposition = source.disposition
        self._next_pts: int | None = None

    def encode(self, packet: Any) -> list[Any]:
        """The packets that a packet of the source completes; the empty packet ends the stream."""
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            return []  # the sound of a damaged packet is silent
        for frame in frames:
            if frame.pts is None:
                frame.pts = self._next_pts
            duration_s = Fraction(frame.samples, frame.sample_rate)
            self._next_pts = (frame.pts or 0) + round(duration_s / frame.time_base)
        if not packet.size:
            frames.append(None)
        return [
            written for frame in frames for written in self.stream.encode(frame) if written.size
        ]


def _rate(rate: int, allowed: Sequence[int] | None) -> int:
    """The lowest allowed sampling rate that loses nothing of `rate`, or else the highest one."""
    if not allowed:
        return rate
    return min((other for other in allowed if other >= rate), default=max(allowed))


def can_encode(source: Any, container: str, audio_codec: str) -> bool:
    """Whether a stream can be encoded for a container, found by opening the encoder."""
    if source.codec_context is None:
        return False
    try:
        with av.open(io.BytesIO(), "w", format=container) as output:
            AudioEncoder(output, source, audio_codec)
            output.start_encoding()
    except (ValueError, av.error.FFmpegError):
        return False
    return True
