"""Times the tables of all `taps` trials in interleaved rounds and adds the times to their rows in
results/trials.json.

    python -m scripts.measure.shape_times

A shape is judged at equal time as well as at equal size. The time is that of 480x270 to 1920x1080
luma on one thread, as a ratio to Pillow's bicubic. Tables that were not kept in runs/trials are
left out; a trial that is run again keeps them.
"""

from __future__ import annotations

import sys

import iqlut
from iqlut.timing import timed_upscalers
from iqlut.timing.interleaved import time_interleaved
from scripts.measure import training_trials
from scripts.shared import result_files

SIZE, ROUNDS = (480, 270), 15


def main() -> None:
    """Time the shapes whose tables are there; end with one sentence if there are none."""
    measured_from, rows = result_files.origin(), training_trials.read()
    paths = {
        sha256: path
        for row in rows
        if (sha256 := row.get("tables_sha256"))
        and (path := training_trials.tables_path(sha256)).exists()
    }
    if not paths:
        sys.exit("no tables of trials in runs/trials, expected some; run training_trials taps")
    names = [timed_upscalers.PILLOW, *paths]
    models = [iqlut.load(path) for path in paths.values()]
    timings = time_interleaved(timed_upscalers.ours(models, ["native"], [1], SIZE), ROUNDS)
    ratios = {
        name: round(timing.ratio_to_pillow_bicubic, 2)
        for name, timing in zip(names, timings, strict=True)
    }
    for row in rows:
        if (ratio := ratios.get(row.get("tables_sha256", ""))) is not None:
            row |= {"time_to_pillow_bicubic": ratio, "time_origin": measured_from}
            print(f"{ratio:6.2f} {row['trial']}")
    result_files.write_rows(result_files.RESULTS / f"{training_trials.NAME}.json", rows)


if __name__ == "__main__":
    main()
