"""Times a video of 480x270 becoming 1080p: `bench_videos.py [SECONDS [CLIP]]`; prints one JSON object.

The upscaler alone, the encoder alone and the whole run one after the other, several times, of which the best counts.
The whole has a process of its own: memory is the most that it held, after a quarter of the frames and at its end.
`--results` keeps the row in results/videos.json.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from dataclasses import replace
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import av
import numpy as np

import iqlut
import result_rows
from iqlut import upscaling, videos
from iqlut.videos import decoding, encoders, resumable_segments
from iqlut.videos.frame_planes import upscale_planes
from iqlut.videos.video_types import Frame, Video

WIDTH, HEIGHT, RATE = 480, 270, 25
ALLOWED_SLOWER, ALLOWED_MIB = 1.25, 600


def measure(seconds: int, clip: Path | None, ensemble: int) -> dict[str, Any]:
    """Frames per second of the three, how they compare, and memory."""
    threads = upscaling.cores()
    upscaler = an_upscaler(threads)
    with tempfile.TemporaryDirectory() as folder:
        path = write_clip(Path(folder) / "video.mkv", seconds * RATE, clip)
        video = videos.probe(path)
        options = encoders.choose(video, Path(folder) / "big.mkv", upscaler.scale, videos.Options())
        larger = upscaler_alone(video, upscaler, 60)[1]
        times = []
        for _ in range(ensemble):
            upscaler_s, _ = upscaler_alone(video, upscaler, video.frames)
            encoder_s = encoder_alone(video, options, larger, threads, Path(folder) / "alone.mkv")
            with get_context("spawn").Pool(1) as pool:
                whole_s, quarter_mib, peak_mib = pool.apply(
                    whole, (path, Path(folder) / "big.mkv", threads)
                )
            times.append((upscaler_s, encoder_s, whole_s))
        upscaler_s, encoder_s, whole_s = map(min, zip(*times, strict=True))
    slower_s = max(upscaler_s, encoder_s)
    row = {
        "frames": video.frames,
        "threads": threads,
        "whole_fps": video.frames / whole_s,
        "upscaler_alone_fps": video.frames / upscaler_s,
        "encoder_alone_fps": video.frames / encoder_s,
        "times_the_slower": whole_s / slower_s,
        "quarter_mib": quarter_mib,
        "peak_mib": peak_mib,
        "met": whole_s <= ALLOWED_SLOWER * slower_s and peak_mib <= ALLOWED_MIB,
    }
    rounded = {
        name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()
    }
    return rounded | {"tables_sha256": upscaler.name}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=int, nargs="?", default=12)
    parser.add_argument("clip", type=Path, nargs="?")
    parser.add_argument("--ensemble", type=int, default=2)
    parser.add_argument("--results", action="store_true")
    given = parser.parse_args()
    about = result_rows.about()
    words = f"bench_videos.py {given.seconds}" + (f" {given.clip.name}" if given.clip else "")
    row = {"command": words} | measure(given.seconds, given.clip, given.ensemble) | about
    print(json.dumps(row))
    if given.results:
        result_rows.keep("videos", row)


def write_clip(path: Path, count: int, clip: Path | None) -> Path:
    """`count` frames of 480x270: of a clip, over and over, or of a pattern that moves."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(
            "libx264", rate=RATE, options={"crf": "16", "preset": "veryfast"}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, frame in zip(
            range(count), clip_frames(clip) if clip else pattern(), strict=False
        ):
            frame.pts, frame.time_base = number * 1000 // RATE, Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def clip_frames(clip: Path) -> Any:
    while True:
        with av.open(str(clip)) as container:
            for frame in container.decode(video=0):
                yield frame.reformat(WIDTH, HEIGHT, "yuv420p")


def pattern() -> Any:
    """A textured picture that pans, with grain: neither flat nor noise for the encoder."""
    rng = np.random.default_rng(1)
    picture = rng.normal(0, 1, (HEIGHT, 4 * WIDTH))
    for _ in range(6):
        picture = (picture + np.roll(picture, 1, 0) + np.roll(picture, 1, 1)) / 1.9
    picture = 128 + 45 * picture / picture.std()
    number = 0
    while True:
        luma = np.roll(picture, -2 * number, axis=1)[:, :WIDTH] + rng.normal(0, 2, (HEIGHT, WIDTH))
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, samples in zip(
            frame.planes, (luma, luma[::2, ::2] / 2 + 64, 192 - luma[::2, ::2] / 2), strict=True
        ):
            view = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)
            view[:, : plane.width] = samples.clip(16, 235)[: plane.height, : plane.width]
        yield frame
        number += 1


def upscaler_alone(
    video: Video, upscaler: videos.Upscaler, count: int
) -> tuple[float, list[Frame]]:
    """Seconds to upscale `count` decoded frames, and the last 60 of them."""
    small = list(
        zip(range(min(count, 60)), decoding.frames(video, videos.Part(), []), strict=False)
    )
    start, larger = time.perf_counter(), []
    for number in range(count):
        frame = small[number % len(small)][1]
        planes = upscale_planes(frame.planes, video.layout, upscaler.scale, upscaler.tables)
        larger = [*larger[-59:], replace(frame, planes=planes)]
    return time.perf_counter() - start, larger


def encoder_alone(
    video: Video, options: videos.Options, larger: list[Frame], threads: int, path: Path
) -> float:
    """Seconds to encode as many frames as the video has, from memory, forth and back through `larger`."""
    recipe = resumable_segments.SegmentEncoding(video, 4, options, threads)
    order = [*range(len(larger)), *range(len(larger) - 2, 0, -1)]
    start = time.perf_counter()
    for first in range(0, video.frames, encoders.GROUP):
        numbers = range(first, min(first + encoders.GROUP, video.frames))
        frames = (replace(larger[order[n % len(order)]], pts=n * 1000 // RATE) for n in numbers)
        resumable_segments._write_segment(path, frames, recipe, lambda: None)
    return time.perf_counter() - start


def whole(path: Path, target: Path, threads: int) -> tuple[float, float, float]:
    """Seconds of the whole; the most memory held when a quarter of the frames was done, and when all was."""
    upscaler, peaks = an_upscaler(threads), []
    video = videos.probe(path)
    start = time.perf_counter()
    videos.upscale(video, target, upscaler, videos.Options(), lambda: peaks.append(held_mib()))
    return time.perf_counter() - start, peaks[len(peaks) // 4], held_mib()


def an_upscaler(threads: int) -> videos.Upscaler:
    tables = iqlut.load("l8c8-x4")
    return videos.Upscaler(
        upscaling.upscaler(tables, "native", threads), tables.scale, tables.sha256, threads
    )


def held_mib() -> float:
    """The most that this process has held so far; Linux keeps getrusage's figure of the parent, so ask elsewhere."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
