"""Writes the measured tables into README.md and docs/, and the times that `iqlut models` shows.

    python -m scripts.render.documents            write them
    python -m scripts.render.documents --check    exit code 1 where a document is stale

A table stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`. `check_results` checks the
numbers themselves.
"""

from __future__ import annotations

import json
import sys

from scripts.render import (
    ablation_table,
    firmware_document,
    quality_tables,
    readme_table,
    restoration_document,
    silicon_document,
    small_tables,
    speed_tables,
    trial_tables,
)
from scripts.shared import learning_curves, result_files
from scripts.shared.result_files import ROOT

TIMES = ROOT / "src" / "iqlut" / "models" / "times.json"
COMMAND = "python -m scripts.render.documents"


def texts() -> dict[tuple[str, str], str]:
    """Return what stands in each document between the marks of each name."""
    results = f"{quality_tables.quality()}\n{speed_tables.speed()}"
    restoration = restoration_document.text(result_files.load("restoration"))
    return {
        ("README.md", "results"): readme_table.summary(),
        ("docs/results.md", "results"): results,
        ("docs/training.md", "learning"): learning_curves.table(),
        ("docs/training.md", "recipe"): trial_tables.table("recipe"),
        ("docs/training.md", "loss"): trial_tables.table("loss"),
        ("docs/frontier.md", "shape"): trial_tables.table("shape"),
        ("docs/frontier.md", "taps"): trial_tables.table("taps"),
        ("docs/restoration.md", "restoration"): restoration,
        ("docs/restoration.md", "damage versions"): small_tables.damage_versions(),
        ("docs/kernel.md", "figures"): speed_tables.figures(),
        ("docs/ablations.md", "ablations"): ablation_table.render(),
        ("docs/videos.md", "speed"): small_tables.video_speed(),
        ("docs/pictures.md", "batch"): small_tables.interrupted_batch(),
        ("docs/pictures.md", "memory"): small_tables.picture_memory(),
        ("SECURITY.md", "attacks"): small_tables.attacks(),
        ("docs/firmware.md", "firmware"): firmware_document.figures(),
        ("docs/silicon.md", "memory"): silicon_document.memory(),
        ("docs/silicon.md", "sizes"): silicon_document.sizes(),
        ("docs/silicon.md", "comparison"): silicon_document.comparison(),
    }


def main(check: bool) -> None:
    """Write all documents, or end with one sentence where one is stale."""
    for (name, mark), text in texts().items():
        document = ROOT / name
        old = document.read_text(encoding="utf-8")
        begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
        before, rest = old.split(begin)
        new = f"{before}{begin}\n{text}{end}{rest.split(end)[1]}"
        if check and old != new:
            sys.exit(f"the numbers in {name} are not those of results/*.json; run {COMMAND}")
        if old != new:
            document.write_text(new, encoding="utf-8")
    write_times(check)


def write_times(check: bool) -> None:
    """Write the times that `iqlut models` shows: on one thread, relative to Pillow's bicubic."""
    times = {
        row["model"]: round(row["ratio_to_pillow_bicubic"], 1)
        for row in result_files.load("speed")["rows"]
        if row["threads"] == 1 and row["name"] == "native"
    }
    text = json.dumps(dict(sorted(times.items())), indent=1) + "\n"
    if check and TIMES.read_text(encoding="utf-8") != text:
        sys.exit(f"the times in {TIMES.name} are not those in results/speed.json; run {COMMAND}")
    TIMES.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
