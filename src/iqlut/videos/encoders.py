"""Codecs that larger videos are written in, what fits which container, and an encoder set up for a video."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.codec
import av.error

from iqlut.videos.containers import CONTAINERS, container_of
from iqlut.videos.video_types import Options, Video, VideoError

if TYPE_CHECKING:
    from av.container import OutputContainer

_WITHOUT_ASPECT = ("av1", "vp9")  # the others say it themselves
_CRF_MAX = 51
GROUP = 250  # frames from one key frame to the next at most, and of a segment


@dataclass(frozen=True)
class Codec:
    """How a codec is asked for.

    crf      default quality, about as good to the eye for all; None: it has no such option
    options  others that are always set
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


def choose(video: Video, target: Path, scale: int, options: Options) -> Options:
    """The options with every default filled in; VideoError if they do not fit each other or the video."""
    container_of(target)
    fitting = CONTAINERS[target.suffix.lower()][1]
    deep = video.layout.depth > 8
    name = options.codec or next(
        (
            name
            for name in (*(["hevc"] if deep else []), *fitting)
            if name in fitting and _takes(name, video)
        ),
        fitting[0],
    )
    if name not in CODECS:
        raise VideoError(f"there is no codec {name!r}; the codecs are {', '.join(CODECS)}")
    if name not in fitting:
        raise VideoError(
            f"{target} cannot hold {name}, expected {', '.join(fitting)}; name a .mkv or another --codec"
        )
    if not _takes(name, video):
        raise VideoError(
            f"{name} cannot hold {video.pixel_format}, as {video.path} has; name another --codec"
        )
    larger = video.layout.larger(scale)
    if name in ("h264", "hevc", "av1") and any(
        side % (1 << log2)
        for side, log2 in zip((larger.width, larger.height), larger.chroma or (0, 0), strict=True)
    ):
        raise VideoError(
            f"{target} would be {larger.width}x{larger.height} pixels, and {name} wants even sides; use --codec ffv1 "
            "in a .mkv, or another scale"
        )
    if (
        video.aspect not in (None, 1)
        and name in _WITHOUT_ASPECT
        and container_of(target) in ("matroska", "webm")
    ):
        raise VideoError(
            f"{name} in {target} cannot say that a pixel is {video.aspect} as wide as high; use h264"
        )
    codec = CODECS[name]
    crf = codec.crf if options.crf is None else options.crf
    if codec.crf is None and options.crf is not None:
        raise VideoError(f"{name} loses nothing and takes no --crf; leave it out")
    if crf is not None and not 0 <= crf <= _CRF_MAX:
        raise VideoError(f"--crf is {crf:g}, expected 0 to {_CRF_MAX}; 18 is good, more is smaller")
    if codec.preset is None and options.preset is not None:
        raise VideoError(f"{name} takes no --preset; leave it out")
    return Options(name, crf, options.preset or codec.preset, options.part)


def _takes(name: str, video: Video) -> bool:
    """Whether the encoder is there and takes the video's planes."""
    try:
        codec = av.codec.Codec(CODECS[name].encoder, "w") if name in CODECS else None
    except ValueError:  # av.error.UnknownCodecError is one
        return False
    return codec is None or any(
        video.pixel_format == format.name for format in codec.video_formats or ()
    )


def add_video(
    output: OutputContainer, video: Video, scale: int, options: Options, threads: int
) -> Any:
    """A video stream with an encoder for the larger video."""
    assert options.codec is not None
    codec, larger = CODECS[options.codec], video.layout.larger(scale)
    settings = dict(codec.options) | {"g": str(GROUP)}
    if options.crf is not None:
        settings["crf"] = f"{options.crf:g}"
    if options.preset is not None:
        settings["preset"] = options.preset
    if options.codec == "hevc":
        settings["x265-params"] = ":".join(
            part for part in ("log-level=none", f"pools={threads}", video.light) if part
        )
    try:
        stream: Any = output.add_stream(codec.encoder, rate=video.rate, options=settings)
        stream.width, stream.height, stream.pix_fmt = (
            larger.width,
            larger.height,
            video.pixel_format,
        )
        context = stream.codec_context
        context.time_base = video.time_base
        context.thread_count = threads
        set_colour(context, video)
        context.open()
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        words = " ".join(f"--{key} {settings[key]}" for key in ("crf", "preset") if key in settings)
        raise VideoError(
            f"the encoder {codec.encoder} refuses {words or 'the video'} ({reason}); try others"
        ) from None
    return stream


def set_colour(context: Any, video: Video) -> None:
    """What the numbers mean, and how wide a pixel is."""
    colour = video.colour
    context.color_range, context.color_primaries = colour.range, colour.primaries
    context.color_trc, context.colorspace = colour.transfer, colour.matrix
    if video.aspect:
        context.sample_aspect_ratio = video.aspect
