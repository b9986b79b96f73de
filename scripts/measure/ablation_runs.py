"""Trains and scores the short runs of configs/ablation and keeps their scores in
results/ablations.json.

    python -m scripts.measure.ablation_runs FOLDER [NAME...]

FOLDER holds the test sets Set5, Set14 and B100. Each run is converted to integer tables and scored;
docs/ablations.md shows its row. A run that was interrupted resumes, and a run that has its row is
not repeated unless its configuration changed. `--steps N` shortens all runs and keeps them in a
folder and a results file of their own, to try this out.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from iqlut.evaluation import scores
from iqlut.network import configuration
from iqlut.network.configuration import Config
from scripts.shared import result_files
from scripts.shared.result_files import ROOT, Row

CONFIGS, RUNS = ROOT / "configs" / "ablation", Path("runs") / "ablation"
RESULTS = result_files.RESULTS / "ablations.json"
NAMES = (
    *("plain", "dpfi", "residual", "dpfi-residual"),
    *("teacher", "stage2", "stage2-nuqd", "stage2-distilled", "stage2-nuqd-distilled"),
    "ecnn-l8c8",
)  # the teacher before those that start from it
SETS = ("Set5", "Set14", "B100")


def main() -> None:
    """Train the runs that are asked for, one after the other; end with one sentence where data are
    missing.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help=f"holds the test sets {', '.join(SETS)}")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all by default"
    )
    parser.add_argument("--steps", type=int, help="shorten all runs and keep them apart")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    if unknown := sorted(set(asked.names) - set(NAMES)):
        parser.error(f"there is no run {', '.join(unknown)}; the runs are {', '.join(NAMES)}")
    runs = RUNS if asked.steps is None else RUNS.with_name(f"ablation-{asked.steps}")
    results = RESULTS if asked.steps is None else runs / "ablations.json"
    names = asked.names or NAMES
    if missing := missing_data(names, asked.folder, runs):
        sys.exit(missing)
    share_images(runs)
    for name in names:
        config = of(name, asked.steps, runs)
        if fingerprint(config) in {row["config_sha256"] for row in read(results)}:
            print(f"{name}: done before")
            continue
        row = run(config, runs / name, asked.folder, asked.threads)
        rows = {**{other["name"]: other for other in read(results)}, name: row}
        result_files.write_rows(results, [rows[one] for one in NAMES if one in rows])
        print(json.dumps(row), flush=True)


def missing_data(names: Sequence[str], folder: Path, runs: Path) -> str:
    """Return a sentence that says which data are missing and what to do, or ""."""
    absent = [str(folder / name) for name in SETS if not (folder / name).is_dir()]
    if absent:
        return (
            f"the test sets {', '.join(absent)} do not exist; "
            f"give a folder that holds {', '.join(SETS)} (docs/evaluation.md says where "
            "to get them)"
        )
    for name in names:
        train = of(name).train
        for images in {train.data, train.validation} - {""}:
            if not Path(images).exists():
                return (
                    f"the images of the run {name}, {images}, do not exist; run this from the "
                    "root of the repository with the training images there (docs/training.md)"
                )
        for path in {train.start, train.teacher} - {""}:
            origin = Path(path).parent.name
            trained = (runs / origin / Path(path).name).exists()
            if origin not in names[: names.index(name)] and not trained:
                return (
                    f"the run {name} begins with the checkpoint of {origin}, which was "
                    "not trained; "
                    f"name {origin} before it"
                )
    return ""


def share_images(runs: Path) -> None:
    """Link the folder of decoded images, which all runs share."""
    for folder in (runs, runs.with_name("cache")):
        folder.mkdir(parents=True, exist_ok=True)
    if not (runs / "cache").exists():
        (runs / "cache").symlink_to(Path("..") / "cache", target_is_directory=True)


def of(name: str, steps: int | None = None, runs: Path = RUNS) -> Config:
    """Return the configuration of a run; its start and its teacher are runs in the same folder."""
    config = configuration.load(CONFIGS / f"{name}.toml")
    if steps is None:
        return config
    paths = {
        field: value.replace(RUNS.as_posix(), runs.as_posix())
        for field, value in (("start", config.train.start), ("teacher", config.train.teacher))
    }
    return replace(config, train=replace(config.train, steps=steps, validate_every=steps, **paths))


def run(config: Config, out: Path, folder: Path, threads: int) -> Row:
    """Train from where the run stopped, convert and score it; return its row."""
    from iqlut.training import checkpoint_to_tables, loop

    measured_from, started = result_files.origin(), time.monotonic()
    checkpoint = loop.train(
        config,
        out,
        resume=(out / loop.CHECKPOINT).exists(),
        place=loop.Place(threads),
        progress=tell,
    )
    tables = checkpoint_to_tables.tables_of(checkpoint)
    measured = {
        name: scores.evaluate(tables, folder / name, tables.scale, scores.How(threads=threads))
        for name in SETS
    }
    return {
        "name": config.name,
        **{name: round(score.psnr_db, 4) for name, score in measured.items()},
        "path": "y",
        "table_bytes": tables.table_bytes,
        "steps": config.train.steps,
        "batch": config.train.batch,
        "patch": config.train.patch,
        "seconds": round(time.monotonic() - started),
        "config_sha256": fingerprint(config),
        "tables_sha256": tables.sha256,
        "origin": measured_from,
    }


def tell(what: str, done: int, total: int) -> None:
    """Print progress every 500 steps."""
    if done % 500 == 0 or done == total:
        print(f"{done}/{total} {what}", flush=True)


def fingerprint(config: Config) -> str:
    """Return a checksum of a configuration and of those that it starts from."""
    origins = sorted({config.train.start, config.train.teacher} - {""})
    loaded = [configuration.load(CONFIGS / f"{Path(path).parent.name}.toml") for path in origins]
    return result_files.configuration_sha256(config, *loaded)


def expected_sha256(row: Row) -> str | None:
    """Return the checksum that the configuration of a row has today, or None where it is no longer
    a run.
    """
    return fingerprint(of(row["name"])) if row["name"] in NAMES else None


def read(results: Path | None = None) -> list[Row]:
    """Return the rows of a results file, by default of results/ablations.json."""
    results = results or RESULTS
    return json.loads(results.read_text()) if results.exists() else []


if __name__ == "__main__":
    main()
