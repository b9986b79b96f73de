"""Small generated videos for the tests, with every kind of stream and metadata."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from PIL import Image

TICKS = [0, 40, 80, 133, 166, 200, 300, 340, 380, 420, 460, 500]  # ms: no constant rate
FONT = b"\x00\x01\x00\x00 this stands for a font " * 40


def pictures(
    count: int, width: int, height: int, pixel_format: str = "yuv420p", seed: int = 3
) -> list[Any]:
    """Frames of smooth noise that moves; every plane is used."""
    rng = np.random.default_rng(seed)
    top = 1023 if pixel_format.endswith("10le") else 255
    frames = []
    for number in range(count):
        frame = av.VideoFrame(width, height, pixel_format)
        for plane in frame.planes:
            deep = top > 255
            samples = np.frombuffer(plane, np.uint16 if deep else np.uint8)
            grid = samples.reshape(plane.height, -1)
            y, x = np.mgrid[: grid.shape[0], : grid.shape[1]]
            wave = np.sin((x + 3 * number) / 5) * np.cos((y + number) / 4) * 0.3 + 0.5
            grid[:] = ((wave + rng.normal(0, 0.02, grid.shape)) * top).clip(0, top)
        frames.append(frame)
    return frames


def write_video(
    path: Path,
    frames: Sequence[Any],
    codec: str = "ffv1",
    ticks: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    attributes: dict[str, Any] | None = None,
) -> Path:
    """A video of one video stream; `ticks` are times in ms, 40 apart if not given."""
    with av.open(str(path), "w") as output:
        stream = add_video(output, frames[0], codec, options or {}, attributes or {})
        output.start_encoding()
        if ticks is None:
            ticks = range(0, 40 * len(frames), 40)
        for packet in encode(stream, frames[: len(ticks)], ticks):
            output.mux(packet)
    return path


def add_video(
    output: Any, frame: Any, codec: str, options: dict[str, str], attributes: dict[str, Any]
) -> Any:
    stream = output.add_stream(codec, rate=25, options=options)
    stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
    stream.codec_context.time_base = Fraction(1, 1000)
    for name, value in attributes.items():
        if name == "rotation":
            stream.set_display_rotation(value)
        else:
            setattr(stream.codec_context, name, value)
    return stream


def encode(stream: Any, frames: Sequence[Any], ticks: Sequence[int]) -> list[Any]:
    packets = []
    for frame, tick in zip(frames, ticks, strict=True):
        frame.pts, frame.time_base = tick, Fraction(1, 1000)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def rich_video(path: Path, width: int = 48, height: int = 32, codec: str = "libx264") -> Path:
    """VFR video, two languages of sound, subtitles, chapters, a font, tags everywhere."""
    with av.open(str(path), "w") as output:
        frames = pictures(len(TICKS), width, height)
        video = add_video(
            output,
            frames[0],
            codec,
            {"g": "6"},
            {"colorspace": 1, "color_primaries": 1, "color_trc": 1},
        )
        video.metadata.update({"title": "The picture", "language": "und"})
        sounds = []
        for language, title in (("eng", "Original"), ("deu", "Deutsch")):
            sound = output.add_stream("flac", rate=8000, layout="mono")
            sound.metadata.update({"language": language, "title": title})
            sounds.append(sound)
        sounds[0].disposition = Disposition.default
        sounds[1].disposition = Disposition.dub
        words = output.add_mux_stream("subrip")
        words.metadata.update({"language": "fra", "title": "Sous-titres"})
        words.disposition = Disposition.forced | Disposition.hearing_impaired
        output.add_attachment("Font.ttf", "application/x-truetype-font", FONT)
        output.metadata.update(
            {"title": "A video", "COMMENT": "made for a test", "DIRECTOR": "Nobody"}
        )
        output.set_chapters([chapter(1, 0, 200, "One"), chapter(2, 200, 540, "Two")])
        output.start_encoding()
        packets = encode(video, frames, TICKS)
        for number, sound in enumerate(sounds):
            packets += sound_packets(sound, number)
        packets += [
            text_packet(words, 50, 120, "Bonjour"),
            text_packet(words, 310, 100, "Au revoir"),
        ]
        for packet in sorted(
            packets, key=lambda packet: float((packet.dts or 0) * packet.time_base)
        ):
            output.mux(packet)
    return path


def chapter(number: int, start_ms: int, end_ms: int, title: str) -> Any:
    times = {"start": start_ms, "end": end_ms, "time_base": Fraction(1, 1000)}
    return {"id": number, **times, "metadata": {"title": title}}


def sound_packets(stream: Any, number: int) -> list[Any]:
    """Half a second of a tone."""
    packets = []
    for start in range(0, 4000, 400):
        tone = np.sin(np.arange(start, start + 400) / (5 + number)) * 9000
        frame = av.AudioFrame.from_ndarray(tone.astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, start, Fraction(1, 8000)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def text_packet(stream: Any, start_ms: int, duration_ms: int, text: str) -> Any:
    packet = av.Packet(text.encode())
    packet.pts = packet.dts = start_ms
    packet.duration, packet.time_base, packet.stream = duration_ms, Fraction(1, 1000), stream
    return packet


def facts(path: Path) -> dict[str, Any]:
    """What a video says of itself beside its pictures: to be compared whole."""
    with av.open(str(path)) as video:
        streams = [
            (
                stream.type,
                stream.codec_context.name if stream.codec_context else "",
                int(stream.disposition),
            )
            for stream in video.streams
        ]
        tags = [
            {k: v for k, v in stream.metadata.items() if k.lower() not in UNSTABLE}
            for stream in video.streams
        ]
        found: dict[str, Any] = {
            "streams": streams,
            "tags": tags,
            "chapters": video.chapters(),
            "packets": {},
        }
        found["video"] = {k: v for k, v in video.metadata.items() if k.lower() not in UNSTABLE}
        found["files"] = [stream.data for stream in video.streams if stream.type == "attachment"]
        found["duration"] = video.duration
        for packet in video.demux():
            if packet.pts is not None:
                found["packets"].setdefault(packet.stream_index, []).append(
                    (packet.pts, packet.duration, packet.size)
                )
    return found


UNSTABLE = ("encoder", "duration")


def decoded(path: Path) -> list[tuple[int, list[np.ndarray]]]:
    """The time stamp and the planes of each frame."""
    frames = []
    with av.open(str(path)) as video:
        for frame in video.decode(video=0):
            deep = frame.format.components[0].bits > 8
            planes = []
            for plane in frame.planes:
                samples = np.frombuffer(plane, np.uint16 if deep else np.uint8)
                planes.append(samples.reshape(plane.height, -1)[:, : plane.width].copy())
            frames.append((frame.pts, planes))
    return frames


def cover() -> bytes:
    """A small JPEG picture."""
    file = io.BytesIO()
    Image.new("RGB", (20, 20), (200, 30, 90)).save(file, "JPEG")
    return file.getvalue()


def video_with_cover(path: Path) -> Path:
    """A video of which one video stream is a cover picture."""
    frames = pictures(4, 32, 24)
    with av.open(str(path), "w") as output:
        video = add_video(output, frames[0], "libx264", {}, {})
        still = output.add_mux_stream("mjpeg", width=20, height=20)
        still.disposition = Disposition.attached_pic
        output.start_encoding()
        picture = av.Packet(cover())
        picture.pts, picture.dts, picture.time_base, picture.stream = 0, 0, Fraction(1, 1000), still
        picture.is_keyframe = True
        for packet in [picture, *encode(video, frames, range(0, 160, 40))]:
            output.mux(packet)
    return path


def sound_alone(path: Path) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("flac", rate=8000, layout="mono")
        for packet in sound_packets(stream, 0):
            output.mux(packet)
