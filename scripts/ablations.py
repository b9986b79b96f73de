"""Trains and scores the short runs of configs/ablation: `ablations.py FOLDER [NAME...]`.

FOLDER holds Set5, Set14 and B100. Each run is converted and scored as integer tables, and becomes a row of
results/ablations.json, which render_results.py shows in docs/ablations.md. Stopped, it goes on where it was; what has
its row is left out, unless its configuration changed. `--steps N` shortens all runs, in folders and with a file of
their own: for trying this out.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from iqlut.evaluation import scores
from iqlut.network import configuration
from iqlut.network.configuration import Config
from iqlut.provenance import commit, cpu_name

ROOT = Path(__file__).parents[1]
CONFIGS, RUNS, RESULTS = (
    ROOT / "configs" / "ablation",
    Path("runs") / "ablation",
    ROOT / "results" / "ablations.json",
)
NAMES = (
    *("plain", "dpfi", "residual", "dpfi-residual"),
    *("teacher", "stage2", "stage2-nuqd", "stage2-distilled", "stage2-nuqd-distilled"),
    "ecnn-l8c8",
)  # the teacher before those that start from it
SETS = ("Set5", "Set14", "B100")


def main() -> None:
    """Runs what is asked for, one after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all without"
    )
    parser.add_argument("--steps", type=int, help="shorter runs, beside the others")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    unknown, absent = (
        set(asked.names) - set(NAMES),
        [name for name in SETS if not (asked.folder / name).is_dir()],
    )
    if unknown or absent:
        parser.error(
            f"there is no {', '.join([*sorted(unknown), *(str(asked.folder / name) for name in absent)])}"
        )
    runs = RUNS if asked.steps is None else RUNS.with_name(f"ablation-{asked.steps}")
    results = RESULTS if asked.steps is None else runs / "ablations.json"
    share_images(runs)
    for name in asked.names or NAMES:
        config = of(name, asked.steps, runs)
        if fingerprint(config) in {row["config_sha256"] for row in read(results)}:
            print(f"{name}: done before")
            continue
        row = run(config, runs / name, asked.folder, asked.threads)
        rows = {**{other["name"]: other for other in read(results)}, name: row}
        ordered = [rows[one] for one in NAMES if one in rows]
        results.write_text("[\n " + ",\n ".join(json.dumps(one) for one in ordered) + "\n]\n")
        print(json.dumps(row), flush=True)


def share_images(runs: Path) -> None:
    """The decoded images are those of the other runs."""
    for folder in (runs, runs.with_name("cache")):
        folder.mkdir(parents=True, exist_ok=True)
    if not (runs / "cache").exists():
        (runs / "cache").symlink_to(Path("..") / "cache", target_is_directory=True)


def of(name: str, steps: int | None = None, runs: Path = RUNS) -> Config:
    """A configuration of the folder; its teacher is one of the same runs."""
    config = configuration.load(CONFIGS / f"{name}.toml")
    if steps is None:
        return config
    paths = {
        field: value.replace(RUNS.as_posix(), runs.as_posix())
        for field, value in (("start", config.train.start), ("teacher", config.train.teacher))
    }
    return replace(config, train=replace(config.train, steps=steps, validate_every=steps, **paths))


def run(config: Config, out: Path, folder: Path, threads: int) -> dict[str, Any]:
    """A row: trains from where it was, converts, scores."""
    from iqlut.training import checkpoint_to_tables, loop

    started = time.monotonic()
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
        "commit": commit(),
        "cpu": cpu_name(),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }


def tell(what: str, done: int, total: int) -> None:
    if done % 500 == 0 or done == total:
        print(f"{done}/{total} {what}", flush=True)


def fingerprint(config: Config) -> str:
    """Changes with any value that is not the default, of a configuration and of what it starts from."""
    values = [configuration.to_toml(config)]
    for path in sorted({config.train.start, config.train.teacher} - {""}):
        origin = CONFIGS / f"{Path(path).parent.name}.toml"
        values.append(configuration.to_toml(configuration.load(origin)))
    return hashlib.sha256("\n".join(values).encode()).hexdigest()


def read(results: Path | None = None) -> list[dict[str, Any]]:
    """The rows of a file, or those that are shown."""
    results = results or RESULTS
    return json.loads(results.read_text()) if results.exists() else []


if __name__ == "__main__":
    main()
