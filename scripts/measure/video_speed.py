"""Times the upscaling of a 480x270 video to 1920x1080, and prints one JSON object.

    python -m scripts.measure.video_speed [SECONDS [CLIP]] [--model NAME] [--results]

The upscaler alone, the encoder alone and the whole command run one after the other, in several
rounds of which the fastest counts. The whole runs in a process of its own, whose peak memory is
read after a quarter of the frames and at the end. A model with restoration strengths runs at
strength 0. `--results` keeps the row in results/videos.json.
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
from iqlut import upscaling, videos
from iqlut.videos import decoding, encoders, resumable_segments
from iqlut.videos.frame_planes import upscale_planes
from iqlut.videos.video_types import Frame, Video
from scripts.shared import result_files

WIDTH, HEIGHT, RATE = 480, 270, 25
ALLOWED_SLOWER, ALLOWED_MIB = 1.25, 600


def measure(model: str, seconds: int, clip: Path | None, rounds: int) -> dict[str, Any]:
    """Return frames per second of the three, the whole relative to the slower part, and memory in
    MiB.
    """
    threads = upscaling.cores()
    upscaler = an_upscaler(model, threads)
    with tempfile.TemporaryDirectory() as folder:
        path = write_clip(Path(folder) / "video.mkv", seconds * RATE, clip)
        video = videos.probe(path)
        larger = video.layout.larger(upscaler.scale)
        options = encoders.choose(video, Path(folder) / "big.mkv", larger, videos.Options())
        last_frames = upscaler_alone(video, upscaler, 60)[1]
        times = []
        for number in range(rounds):
            upscaler_s, _ = upscaler_alone(video, upscaler, video.frames)
            encoder_s = encoder_alone(
                video, options, last_frames, threads, Path(folder) / "alone.mkv"
            )
            with get_context("spawn").Pool(1) as pool:
                whole_s, quarter_mib, peak_mib = pool.apply(
                    whole, (model, path, Path(folder) / f"whole{number}.mkv", threads)
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
    return rounded | {"model": model, "tables_sha256": iqlut.load(model).sha256}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=int, nargs="?", default=12)
    parser.add_argument("clip", type=Path, nargs="?")
    parser.add_argument("--model", default="everyday-x4")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--results", action="store_true")
    given = parser.parse_args()
    measured_from = result_files.origin()
    clip_name = f" {given.clip.name}" if given.clip else ""
    words = (
        f"python -m scripts.measure.video_speed {given.seconds}{clip_name} --model {given.model}"
    )
    row = {"command": words} | measure(given.model, given.seconds, given.clip, given.rounds)
    row["origin"] = measured_from
    print(json.dumps(row))
    if given.results:
        result_files.keep_row("videos", row)


def write_clip(path: Path, count: int, clip: Path | None) -> Path:
    """Write `count` frames of 480x270: of a clip, repeated as needed, or of a moving pattern."""
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
    """Yield frames of a panning texture with grain: neither flat nor noise to the encoder."""
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
    """Return the seconds to upscale `count` decoded frames, and the last 60 upscaled frames."""
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
    """Return the seconds to encode as many frames as the video has, reading `larger` back and
    forth.
    """
    recipe = resumable_segments.SegmentEncoding(video, video.layout.larger(4), options, threads)
    order = [*range(len(larger)), *range(len(larger) - 2, 0, -1)]
    start = time.perf_counter()
    for first in range(0, video.frames, encoders.GROUP):
        numbers = range(first, min(first + encoders.GROUP, video.frames))
        frames = (replace(larger[order[n % len(order)]], pts=n * 1000 // RATE) for n in numbers)
        resumable_segments._write_segment(path, frames, recipe, lambda: None)
    return time.perf_counter() - start


def whole(model: str, path: Path, target: Path, threads: int) -> tuple[float, float, float]:
    """Return seconds, and peak memory in MiB after a quarter of the frames and after all."""
    upscaler, peaks = an_upscaler(model, threads), []
    video = videos.probe(path)
    start = time.perf_counter()
    videos.upscale(video, target, upscaler, videos.Options(), lambda: peaks.append(held_mib()))
    return time.perf_counter() - start, peaks[len(peaks) // 4], held_mib()


def an_upscaler(model: str, threads: int) -> videos.Upscaler:
    tables = iqlut.load(model)
    if isinstance(tables, iqlut.RestorationTables):
        tables = tables.at(0)
    return videos.Upscaler(
        upscaling.upscaler(tables, "native", threads), tables.scale, tables.sha256, threads
    )


def held_mib() -> float:
    """Return the peak memory of this process in MiB.

    On Linux a spawned process inherits the figure of getrusage from its parent, so /proc is read.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
