"""Videos made and examined by the programs ffmpeg and ffprobe, which are independent of iqlut."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from iqlut import videos

needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")),
    reason="there are no programs ffmpeg and ffprobe",
)
CASES = Path(__file__).parents[2] / "shared" / "cases"
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d={}")
TONE = ("-f", "lavfi", "-i", "sine=f=440:r=48000:d={}")


def ffmpeg(*arguments: object) -> bytes:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def film(path: Path, *arguments: object, seconds: float = 0.6, sound: bool = True) -> Path:
    """A test picture, with a tone, encoded as the arguments say."""
    inputs = (*PICTURE, *TONE) if sound else PICTURE
    ffmpeg(*(text.format(seconds) for text in inputs), *arguments, path)
    return path


def described(path: Path, *sections: str) -> dict[str, Any]:
    """What ffprobe says, `-show_streams` and more."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", *sections, str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def stream_of(path: Path, kind: str = "video") -> dict[str, Any]:
    """The first stream of a kind."""
    return next(stream for stream in described(path)["streams"] if stream.get("codec_type") == kind)


def display_times(path: Path) -> list[float]:
    """When ffmpeg displays each frame, in seconds."""
    text = ffmpeg("-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-enc_time_base", "-1",
                  "-f", "framemd5", "-").decode()  # fmt: skip
    lines = text.splitlines()
    unit = next(Fraction(line.split()[-1]) for line in lines if line.startswith("#tb 0"))
    return [float(int(line.split(",")[2]) * unit) for line in lines if not line.startswith("#")]


def sound_s(path: Path, stream: int = 0) -> float:
    """The seconds of sound that ffmpeg plays, from time 0 on."""
    pcm = ffmpeg("-i", path, "-map", f"0:a:{stream}", "-af", "aresample=async=1:first_pts=0",
                 "-ac", 1, "-ar", 8000, "-f", "s16le", "-")  # fmt: skip
    return len(pcm) / 16000


def doubled(source: Path, target: Path, **options: Any) -> videos.Outcome:
    """Upscale by repeating each luma pixel: the whole way, but for an engine."""
    upscaler = videos.Upscaler(lambda plane: plane.repeat(2, axis=0).repeat(2, axis=1), 2, "repeat")
    chosen = videos.Options(**({"preset": "ultrafast"} | options))
    video = videos.probe(source, chosen.part, chosen.streams)
    return videos.upscale(video, target, upscaler, chosen, lambda: None, overwrite=True)
