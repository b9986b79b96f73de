"""How the other streams of a source are stored in the result: copied, encoded, or left out."""

from __future__ import annotations

import io
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error
from av.stream import Disposition

from iqlut.videos import matroska_tracks as matroska
from iqlut.videos.audio_encoding import AUDIO_CODECS, can_encode
from iqlut.videos.containers import CONTAINERS, container_of
from iqlut.videos.decoding import opened, packets_of
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
_NEEDS_PACKETS = ("video", "audio")
# Matroska stores any audio codec of a WAV file with the header of that file, but PyAV does not add
# such a track. It is written as if it were this codec, and its track entry is edited afterwards.
_STAND_IN = "pcm_s16le"
_ROOM_BYTES = 4096  # for the header of a WAV file with the private data of its codec


class Storage(Enum):
    """How a stream is stored."""

    COPIED = "copied"
    ATTACHED = "attached file"
    WAV_CODEC = "copied, with the header of a WAV file"
    ENCODED = "encoded again"


def plan_copies(
    source: InputContainer, video: Video, target: Path, audio_codec: str | None
) -> tuple[dict[int, Storage], tuple[str, ...]]:
    """How each of the other streams is stored, and a sentence for each that is left out.

    Raises VideoError if a stream that is not audio fits only into another container, or if the
    container does not hold `audio_codec`.
    """
    container = container_of(target)
    if audio_codec is not None:
        _check_audio_codec(audio_codec, container, target)
    storages: dict[int, Storage] = {}
    notes = []
    for stream in source.streams:
        if stream.index == video.stream or stream.index not in video.kept:
            continue
        name = f"stream {stream.index} of {video.path}"
        if stream.type in _LEFT_OUT:
            if stream.name != _CHAPTER_TITLES:
                notes.append(
                    f"{name} holds {stream.type}, which players do not need, and is left out"
                )
        elif stream.type in _NEEDS_PACKETS and not video.packets.get(stream.index):
            notes.append(f"{name} announces {stream.type} but is empty, and is left out")
        elif storage := _storage(stream, container, audio_codec):
            storages[stream.index] = storage
        else:
            notes.append(_left_out(stream, name, video, target))
    tagged = (source.metadata, source.streams[video.stream].metadata)
    if container in ("mp4", "mov") and any("timecode" in tags for tags in tagged):
        notes.append(f"the time code of {video.path} is left out; write a .mkv file to keep it")
    return storages, tuple(notes)


def _check_audio_codec(name: str, container: str, target: Path) -> None:
    fitting = [codec for codec in AUDIO_CODECS if _holds_encoder(container, codec)]
    if name not in fitting:
        raise VideoError(
            f"{target} cannot hold the audio codec {name!r}, expected one of {', '.join(fitting)}; "
            "correct --audio-codec or choose another container"
        )


def _holds_encoder(container: str, audio_codec: str) -> bool:
    with av.open(io.BytesIO(), "w", format=container) as output:
        return AUDIO_CODECS[audio_codec] in output.supported_codecs


def _storage(stream: Any, container: str, audio_codec: str | None) -> Storage | None:
    """How a container stores a stream, or None if it cannot."""
    is_matroska = container == "matroska"
    if stream.type == "attachment" or (stream.disposition & Disposition.attached_pic):
        if is_matroska:
            return Storage.ATTACHED if stream.type != "attachment" else Storage.COPIED
        if stream.type == "attachment":
            return None
    if _holds(container, stream):
        return Storage.COPIED
    if is_matroska and stream.type == "audio" and matroska.entry_of(stream) is not None:
        return Storage.WAV_CODEC
    if audio_codec and stream.type == "audio" and can_encode(stream, container, audio_codec):
        return Storage.ENCODED
    return None


def _holds(container: str, stream: Any) -> bool:
    """Whether a container holds a copy of a stream, found by writing its header."""
    try:
        with av.open(io.BytesIO(), "w", format=container) as output:
            output.add_stream_from_template(stream, opaque=True)
            output.start_encoding()
    except (ValueError, av.error.FFmpegError):
        return False
    return True


def _left_out(stream: Any, name: str, video: Video, target: Path) -> str:
    """The sentence about a stream that the container cannot hold.

    Raises VideoError if another container would hold it, unless it is audio, which can be encoded.
    """
    codec = stream.codec_context.name if stream.codec_context else "a file"
    if stream.type == "audio":
        return (
            f"{name} holds audio in the codec {codec}, which {target} cannot hold, and is left "
            "out; --audio-codec encodes it instead"
        )
    own = video.path.suffix.lower()
    for suffix in ([own] if own in CONTAINERS else []) + list(CONTAINERS):
        if _storage(stream, CONTAINERS[suffix][0], None):
            raise VideoError(
                f"{target} cannot hold {name} ({stream.type}, {codec}); write a {suffix} file, or "
                "choose other streams with --streams"
            )
    return (
        f"{name} holds {stream.type} in the codec {codec}, which no container holds; it is left out"
    )


def add_copy(
    output: OutputContainer, stream: Any, storage: Storage, video: Video
) -> tuple[Any, matroska.Edit | None]:
    """Add a copy of a stream with its tags, and return it with the edit that its track needs."""
    if storage is Storage.ATTACHED:
        return _attached_picture(output, stream, video), None
    edit = None
    if storage is Storage.WAV_CODEC:
        rate, layout = stream.codec_context.rate, stream.codec_context.layout
        copy: Any = output.add_stream(_STAND_IN, rate=rate, layout=layout)
        copy.time_base = stream.time_base
        copy.metadata.update(stream.metadata)
        edit = edit_with_room(copy, partial(_with_codec_of, other=matroska.entry_of(stream) or b""))
    else:
        copy = output.add_stream_from_template(stream, opaque=True)
        copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    return copy, edit


def edit_with_room(stream: Any, edit: matroska.Edit) -> matroska.Edit:
    """Make room for an edit of the track entry of a stream, and return the whole edit.

    The room is a long title, which the edit replaces by the actual one.
    """
    title = stream.metadata.get("title")
    stream.metadata["title"] = f"{title or ''}{' ' * _ROOM_BYTES}"

    def whole(entry: bytes) -> bytes:
        entry = edit(matroska.without(entry, matroska.NAME))
        return entry + (matroska.element(matroska.NAME, title.encode()) if title else b"")

    return whole


def _with_codec_of(entry: bytes, other: bytes) -> bytes:
    """A track entry with the codec of another one."""
    numbers = (matroska.CODEC_ID, matroska.CODEC_PRIVATE, matroska.AUDIO)
    taken = [(number, matroska.child(other, number)) for number in numbers]
    return matroska.without(entry, *numbers) + b"".join(
        matroska.element(number, content) for number, content in taken if content is not None
    )


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
