"""Measures the restoration strengths: results/restoration.json, which docs/restoration.md shows.

    python -m scripts.measure.restoration_strengths KODAK24 [SET...]
    python -m scripts.measure.restoration_strengths --small|--table KODAK24

The folders hold images: Kodak first, then B100, Set14 and, for JPEG alone, Classic5 and LIVE1 where
they exist. It takes about a quarter of an hour on two threads. `--small` repeats only what takes a
minute, `--table` only the first table; both keep the other rows. `restoration_protocol` defines
what is measured.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

import iqlut
from iqlut import engines
from iqlut.evaluation import degradation
from iqlut.restoration import choose_strength
from iqlut.tables import shipped_models
from iqlut.tables.restoration_tables import RestorationTables
from scripts.measure.restoration_protocol import (
    BOXES,
    CLEAN_MODELS,
    EVERY_THIRD,
    FILTERS,
    JPEG_ALONE,
    JPEG_SETS,
    QUARTERS,
    SCALE,
    SHOWN,
    STRENGTH_MODELS,
    SWEEP,
    TABLE,
    Picture,
    box,
    engine,
    filtered,
    line,
    overshoot,
    pictures,
    score,
)
from scripts.shared import result_files
from scripts.shared.result_files import Row

_REPEATS = 15


def main(sets: list[Path]) -> None:
    """Measure everything on these folders, Kodak first."""
    measured_from = result_files.origin()
    rows = table_rows(pictures(sets[0])[::EVERY_THIRD])
    for place in sets:
        print(f"{place.name}: auto on {len(SWEEP)} degrees of damage", file=sys.stderr)
        rows += sweep_rows(place, JPEG_ALONE if place.name in JPEG_SETS else SWEEP)
    print("auto against every quarter of a strength", file=sys.stderr)
    rows += agreement_rows(sets)
    rows += small_rows(sets[0])
    names = " ".join(place.name for place in sets)
    commands = [f"python -m scripts.measure.restoration_strengths {names}"]
    result_files.write("restoration", measured_from, commands, rows, sorted(models()))


def models() -> set[str]:
    """Return the names of the shipped models that are measured."""
    with_strengths = {
        name for name in iqlut.models() if isinstance(iqlut.load(name), RestorationTables)
    }
    return {*CLEAN_MODELS, *with_strengths}


def small_rows(kodak: Path) -> list[Row]:
    """Return what takes a minute to measure."""
    return edge_rows() + flat_rows() + monotone_rows(pictures(kodak)) + time_rows()


def measure_part(part: str, kodak: Path) -> None:
    """Measure a part again; end with one sentence if the rows to keep are of other tables."""
    measured_from, measured = result_files.origin(), result_files.load("restoration")
    before = measured["meta"].get("tables_sha256", {})
    is_small = part == "--small"
    of_kept_rows = (*CLEAN_MODELS, *STRENGTH_MODELS) if is_small else STRENGTH_MODELS
    if any(before.get(name) != iqlut.load(name).sha256 for name in of_kept_rows):
        sys.exit(
            "results/restoration.json was measured on other tables than are shipped; run "
            "make results"
        )
    new = small_rows(kodak) if is_small else table_rows(pictures(kodak)[::EVERY_THIRD])
    kinds = {row["what"] for row in new}
    kept = [row for row in measured["rows"] if row["what"] not in kinds]
    commands = measured["meta"]["commands"]
    result_files.write("restoration", measured_from, commands, kept + new, sorted(models()))


def table_rows(originals: list[Picture]) -> list[Row]:
    """Return the scores of every way to upscale on every damage of the first table."""
    rows = []
    for damage in TABLE:
        lows = [(original, original.damaged(damage, SCALE)) for original in originals]
        for name in FILTERS:
            scores = [score(filtered(low, SCALE, name), original) for original, low in lows]
            rows.append(_row("table", damage, name, None, scores))
        for name in CLEAN_MODELS:
            scores = [score(engine(name, 0.0)(low), original) for original, low in lows]
            rows.append(_row("table", damage, name, None, scores))
        for name in STRENGTH_MODELS:
            for strength in SHOWN:
                scores = [score(engine(name, strength)(low), o) for o, low in lows]
                rows.append(_row("table", damage, name, strength, scores))
            scores = [
                score(engine(name, choose_strength.choose([low]).strength)(low), o)
                for o, low in lows
            ]
            rows.append(_row("table", damage, name, "auto", scores))
    return rows


def _row(
    what: str, damage: str, model: str, strength: float | str | None, scores: list[float]
) -> Row:
    return {
        "what": what,
        "damage": damage,
        "model": model,
        "restore": strength,
        "psnr_db": round(float(np.mean(scores)), 4),
    }


def sweep_rows(place: Path, damages: tuple[str, ...]) -> list[Row]:
    """Return mean scores over a set of `auto` and of Pillow's filters, for each damage."""
    rows = []
    for damage in damages:
        scores: dict[str, list[float]] = {name: [] for name in (*FILTERS, *STRENGTH_MODELS)}
        for original in pictures(place):
            low = original.damaged(damage, SCALE)
            for name in FILTERS:
                scores[name].append(score(filtered(low, SCALE, name), original))
            strength = choose_strength.choose([low]).strength
            for name in STRENGTH_MODELS:
                scores[name].append(score(engine(name, strength)(low), original))
        means = {name: round(float(np.mean(values)), 4) for name, values in scores.items()}
        rows.append({"what": "sweep", "dataset": place.name, "damage": damage, **means})
    return rows


def agreement_rows(sets: list[Path]) -> list[Row]:
    """Return how often `auto` is as good as the best quarter of a strength, over all images and
    damages.
    """
    rows = []
    for name in STRENGTH_MODELS:
        for place in sets[: 1 if name == STRENGTH_MODELS[1] else 2]:
            lost = []
            for damage in SWEEP:
                for original in pictures(place):
                    low = original.damaged(damage, SCALE)
                    chosen = score(
                        engine(name, choose_strength.choose([low]).strength)(low), original
                    )
                    lost.append(
                        max(score(engine(name, quarter)(low), original) for quarter in QUARTERS)
                        - chosen
                    )
            within = float(np.mean(np.array(lost) <= 0.05))
            rows.append(
                {
                    "what": "agreement",
                    "model": name,
                    "dataset": place.name,
                    "pairs": len(lost),
                    "within": round(within, 4),
                    "lost_db": round(float(np.mean(lost)), 4),
                    "worst_db": round(max(lost), 3),
                }
            )
    return rows


def edge_rows() -> list[Row]:
    """Return the overshoot at hard edges with `auto` and with Pillow's bicubic."""
    rows = []
    for name in iqlut.models():
        restoration_tables = iqlut.load(name)
        if not isinstance(restoration_tables, RestorationTables):
            continue
        for shape in (box, line):
            for around, inside in BOXES:
                plane = shape(around, inside)
                strength = choose_strength.choose([plane]).strength
                large = engine(name, strength)(plane)
                bicubic = filtered(plane, restoration_tables.scale, "Pillow bicubic")
                rows.append(
                    {
                        "what": "edge",
                        "model": name,
                        "shape": shape.__name__,
                        "around": around,
                        "inside": inside,
                        "restore": strength,
                        "least": int(large.min()),
                        "most": int(large.max()),
                        "overshoot": overshoot(plane, large),
                        "bicubic_overshoot": overshoot(plane, bicubic),
                    }
                )
    return rows


def flat_rows() -> list[Row]:
    """Return how far upscaled planes of one grey level deviate from it, at each half strength."""
    rows = []
    for name in iqlut.models():
        model = iqlut.load(name)
        for strength in QUARTERS[::2] if isinstance(model, RestorationTables) else ():
            flats = [
                engine(name, strength)(np.full((24, 24), gray, np.uint8)).astype(int)
                for gray in range(256)
            ]
            ripple = max(int(np.ptp(flat)) for flat in flats)
            off = max(int(np.abs(flat - gray).max()) for gray, flat in enumerate(flats))
            rows.append(
                {"what": "flat", "model": name, "restore": strength, "ripple": ripple, "off": off}
            )
    return rows


def monotone_rows(originals: list[Picture]) -> list[Row]:
    """Return the noise left on a flat plane, and the PSNR, at each quarter of a strength."""
    flat = np.full((96, 96), 120, np.uint8)
    noisy = degradation.add_noise(flat, 10, np.random.default_rng(1))
    rows = []
    for name in STRENGTH_MODELS:
        runs = [engine(name, quarter) for quarter in QUARTERS]
        left = [round(float((run(noisy).astype(int) - run(flat)).std()), 3) for run in runs]
        rows.append({"what": "noise left", "model": name, "values": left})
        for damage in TABLE:
            lows = [
                (original, original.damaged(damage, SCALE)) for original in originals[::EVERY_THIRD]
            ]
            curve = [
                np.mean([score(engine(name, quarter)(low), o) for o, low in lows])
                for quarter in QUARTERS
            ]
            values = [round(float(value), 4) for value in curve]
            rows.append({"what": "curve", "model": name, "damage": damage, "values": values})
    return rows


def time_rows() -> list[Row]:
    """Return the times of choosing and blending beside upscaling: medians of interleaved runs on
    one thread.
    """
    low = np.random.default_rng(1).integers(0, 256, (1080, 1920), dtype=np.uint8)
    rows = []
    for name in STRENGTH_MODELS:
        restoration_tables = shipped_models.load(name)
        assert isinstance(restoration_tables, RestorationTables)
        upscale_plane = engines.get("native").build(restoration_tables.at(0.5), 1)
        chosen, upscaled, blended = [], [], []
        for number in range(_REPEATS):
            chosen.append(_ms(partial(choose_strength.choose, [low])))
            upscaled.append(_ms(partial(upscale_plane, low)))
            blended.append(_ms(partial(restoration_tables.at, 1 + 2 * (number % 15 + 1) / 16)))
        choose_ms, upscale_ms, blend_ms = map(statistics.median, (chosen, upscaled, blended))
        rows.append(
            {
                "what": "time",
                "model": name,
                "size": "1920x1080",
                "choose_ms": round(choose_ms, 2),
                "upscale_ms": round(upscale_ms, 1),
                "ratio": round(choose_ms / upscale_ms, 4),
                "blend_ms": round(blend_ms, 2),
                "threads": 1,
            }
        )
    return rows


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    if sys.argv[1].startswith("--"):
        measure_part(sys.argv[1], Path(sys.argv[2]))
    else:
        main([Path(name) for name in sys.argv[1:]])
