"""Measures the peak memory of `iqlut upscale` for a 24-megapixel JPEG file at x2.

    python -m scripts.measure.picture_memory             prints it
    python -m scripts.measure.picture_memory --results   also writes results/picture_memory.json

The peak is to be at most the decoded input, the result and EXTRA_MAX_MB. The command runs in a
process of its own, and Linux counts its largest resident memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import iqlut
from scripts.shared import result_files
from scripts.shared.result_files import Row

WIDTH, HEIGHT, SCALE = 6000, 4000, 2
MODEL = f"everyday-x{SCALE}"
EXTRA_MAX_MB = 150
COMMAND = "python -m scripts.measure.picture_memory --results"
_MB = 1e6
# A small picture, repeated, which takes little memory.
_SAMPLE = f"""
import sys
from PIL import Image
from iqlut.timing.timed_upscalers import sample_picture
tile = Image.fromarray(sample_picture(1500, 1000))
image = Image.new("RGB", ({WIDTH}, {HEIGHT}))
for top in range(0, {HEIGHT}, 1000):
    for left in range(0, {WIDTH}, 1500):
        image.paste(tile, (left, top))
image.save(sys.argv[1], quality=90)
"""


def main(keep: bool) -> int:
    """1 if the command takes more than EXTRA_MAX_MB beyond the input and the result."""
    measured_from = result_files.origin()
    row = measure()
    print(json.dumps(row))
    if keep:
        described = {"command": COMMAND, **row, "tables_sha256": iqlut.load(MODEL).sha256}
        result_files.keep_row("picture_memory", {**described, "origin": measured_from})
    return int(row["extra_mb"] > EXTRA_MAX_MB)


def measure() -> Row:
    """The peak of one run, in MB, and what of it is neither input nor result."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "photo.jpg", Path(folder) / "large.jpg"
        # A process begins with the peak of the one that starts it, so this one stays small.
        subprocess.run([sys.executable, "-c", _SAMPLE, source], check=True)
        before_mb = _peak_of_children_mb()
        command = [sys.executable, "-m", "iqlut", "upscale", source, "-o", target, "-m", MODEL]
        subprocess.run([*command, "-q"], check=True)
        input_mb, result_mb = (
            WIDTH * HEIGHT * 3 / _MB,
            WIDTH * HEIGHT * SCALE**2 * 3 / _MB,
        )
        peak_mb = _peak_of_children_mb()
        if peak_mb <= before_mb:
            raise RuntimeError("the sample took more memory than its upscaling; make it smaller")
        return {
            "model": MODEL,
            "width": WIDTH,
            "height": HEIGHT,
            "scale": SCALE,
            "result_file_mb": round(target.stat().st_size / _MB, 1),
            "input_mb": round(input_mb, 1),
            "result_mb": round(result_mb, 1),
            "peak_mb": round(peak_mb, 1),
            "extra_mb": round(peak_mb - input_mb - result_mb, 1),
        }


def _peak_of_children_mb() -> float:
    """The largest resident memory of any process that this one has started and that has ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / _MB


if __name__ == "__main__":
    sys.exit(main("--results" in sys.argv[1:]))
