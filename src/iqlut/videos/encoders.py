"""The codecs in which upscaled videos are written, and the choice and setup of an encoder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.codec
import av.error

from iqlut.videos.containers import CONTAINERS, container_of
from iqlut.videos.frame_planes import Layout
from iqlut.videos.video_types import Options, Video, VideoError

if TYPE_CHECKING:
    from av.container import OutputContainer

_CRF_MAX = 51
GROUP = 250  # the largest number of frames between key frames, and in a segment


@dataclass(frozen=True)
class Codec:
    """A codec and its defaults.

    encoder  FFmpeg's name of the encoder
    crf      the default quality, which looks about equally good for all codecs; None if the codec
             has no such option
    preset   the default speed; None if the codec has no such option
    options  other options, which are always set
    """

    encoder: str
    crf: float | None = None
    preset: str | None = None
    options: dict[str, str] = field(default_factory=dict)


CODECS = {
    "h264": Codec("libx264", 18, "medium"),
    "hevc": Codec("libx265", 20, "medium"),
    "av1": Codec("libsvtav1", 24, "8"),
    "vp9": Codec("libvpx-vp9", 24, None, {"row-mt": "1", "cpu-used": "4", "b": "0"}),
    "ffv1": Codec("ffv1", None, None, {"level": "3", "slicecrc": "1"}),
}


def choose(video: Video, target: Path, larger: Layout, options: Options) -> Options:
    """The options for upscaled frames of the layout `larger`, with every default filled in.

    Raises VideoError if the options do not fit each other, the video or the container of `target`.
    """
    container_of(target)
    name = options.codec or _default_codec(video, target)
    _check_codec(name, video, target)
    _check_size(name, target, larger)
    codec = CODECS[name]
    crf = codec.crf if options.crf is None else options.crf
    if codec.crf is None and options.crf is not None:
        raise VideoError(f"{name} is lossless and takes no --crf; leave out --crf")
    if crf is not None and not 0 <= crf <= _CRF_MAX:
        raise VideoError(
            f"--crf is {crf:g}, expected 0 to {_CRF_MAX}; try 18, or more for a smaller file"
        )
    if codec.preset is None and options.preset is not None:
        raise VideoError(f"{name} takes no --preset; leave out --preset")
    return replace(options, codec=name, crf=crf, preset=options.preset or codec.preset)


def _default_codec(video: Video, target: Path) -> str:
    """The first codec of the container that can store the video, HEVC preferred above 8 bits."""
    fitting = CONTAINERS[target.suffix.lower()][1]
    preferred = ["hevc"] if video.layout.depth > 8 and "hevc" in fitting else []
    usable = (name for name in (*preferred, *fitting) if _takes(name, video))
    return next(usable, fitting[0])


def _check_codec(name: str, video: Video, target: Path) -> None:
    """Raise VideoError unless the codec exists and fits the container and the pixel format."""
    fitting = CONTAINERS[target.suffix.lower()][1]
    if name not in CODECS:
        raise VideoError(
            f"the codec {name!r} is unknown, expected one of {', '.join(CODECS)}; correct --codec"
        )
    if name not in fitting:
        raise VideoError(
            f"{target} cannot contain {name}, expected {', '.join(fitting)}; write a .mkv file or "
            "choose another --codec"
        )
    if not _takes(name, video):
        raise VideoError(
            f"{name} cannot store {video.pixel_format}, the pixel format of {video.path}; choose "
            "another --codec"
        )


def _check_size(name: str, target: Path, larger: Layout) -> None:
    """Raise VideoError if the codec cannot store the upscaled frame size."""
    sides = zip((larger.width, larger.height), larger.chroma or (0, 0), strict=True)
    if name in ("h264", "hevc", "av1") and any(side % (1 << log2) for side, log2 in sides):
        raise VideoError(
            f"{target} would have {larger.width}x{larger.height} pixels, {name} expects even "
            "sides; use --codec ffv1 in a .mkv file, or another scale or size"
        )


def _takes(name: str, video: Video) -> bool:
    """Whether the encoder is available and accepts the pixel format of the video."""
    try:
        codec = av.codec.Codec(CODECS[name].encoder, "w") if name in CODECS else None
    except ValueError:  # av.error.UnknownCodecError is a subclass
        return False
    return codec is None or any(
        video.pixel_format == format.name for format in codec.video_formats or ()
    )


def add_video(
    output: OutputContainer, video: Video, larger: Layout, options: Options, threads: int
) -> Any:
    """Add to `output` a video stream with an encoder for the upscaled video, and return it.

    Raises VideoError if the encoder rejects its options.
    """
    assert options.codec is not None
    codec = CODECS[options.codec]
    settings = dict(codec.options) | {"g": str(GROUP)}
    if options.crf is not None:
        settings["crf"] = f"{options.crf:g}"
    if options.preset is not None:
        settings["preset"] = options.preset
    if video.properties.siting and larger.chroma == (1, 1):
        settings["chroma_sample_location"] = video.properties.siting
    if options.codec == "hevc":
        settings["x265-params"] = ":".join(
            part for part in ("log-level=none", f"pools={threads}", video.light) if part
        )
    try:
        stream: Any = output.add_stream(codec.encoder, rate=video.rate, options=settings)
        stream.width, stream.height = larger.width, larger.height
        stream.pix_fmt = video.pixel_format
        context = stream.codec_context
        context.time_base = video.time_base
        context.thread_count = threads
        set_colour(context, video, video.aspect)
        context.open()
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        given = [f"--{key} {settings[key]}" for key in ("crf", "preset") if key in settings]
        raise VideoError(
            f"the encoder {codec.encoder} rejects {' '.join(given) or 'the video'} ({reason}); try "
            "other values or another --codec"
        ) from None
    return stream


def set_colour(context: Any, video: Video, aspect: Fraction | None) -> None:
    """Set the colour description and the pixel aspect ratio of a codec context."""
    colour = video.colour
    context.color_range, context.color_primaries = colour.range, colour.primaries
    context.color_trc, context.colorspace = colour.transfer, colour.matrix
    if aspect:
        context.sample_aspect_ratio = aspect
