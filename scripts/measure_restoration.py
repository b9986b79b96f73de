"""Measures the restoration strengths: results/restoration.json, which docs/restoration.md is rendered from.

    python scripts/measure_restoration.py KODAK24 [SET...]    folders of images: Kodak first, then B100, Set14, and for
                                                              JPEG alone Classic5 and LIVE1, where you have them

It takes about a quarter of an hour on two cores.

The protocol of the tables: luma from 0 to 255 as Pillow makes it, made small by the filter named, damaged by
`degradation` with a seed from the file's name, upscaled, 8 pixels shaved, PSNR in dB.
"""

from __future__ import annotations

import statistics
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import iqlut
from iqlut import engines
from iqlut.evaluation import degradation, psnr_ssim
from iqlut.evaluation.image_sets import image_files
from iqlut.planes import resize
from iqlut.planes.plane_types import UpscalePlane
from iqlut.provenance import commit
from iqlut.restoration import choose_strength
from iqlut.tables import shipped_models
from iqlut.tables.restoration_tables import RestorationTables, tables_at
from measure_results import read, write

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "results" / "restoration.json"
SCALE, SHAVE_PX = 4, 8
CLEAN_MODELS = ("l8c8-x4", "iqlut-34k-x4")
DIALS = ("everyday-x4", "best-x4")
TABLE = (
    "clean", "box", "jpeg:90", "jpeg:75", "jpeg:50", "jpeg:30", "noise:5", "noise:10", "noise:15", "noise:5+jpeg:75",
)  # fmt: skip
SHOWN = (0.0, 0.5, 1.0, 2.0, 3.0)
QUARTERS = tuple(quarter / 4 for quarter in range(13))
SWEEP = (
    *(f"jpeg:{quality}" for quality in range(10, 101, 5)),
    *(f"noise:{sigma / 2:g}" for sigma in range(0, 51, 5)),
)
FILTERS = {"Pillow bicubic": Image.Resampling.BICUBIC, "Pillow Lanczos": Image.Resampling.LANCZOS}
JPEG_SETS = ("Classic5", "LIVE1")  # whose protocol is JPEG
JPEG_ALONE = tuple(f"jpeg:{quality}" for quality in (10, 20, 30, 40))
EVERY_THIRD = 3  # of Kodak: the eight images of the first table
BOXES = ((255, 160), (0, 255), (255, 0), (140, 100), (100, 140), (0, 90))  # around, inside
_THREADS, _REPEATS = 2, 15


@dataclass(frozen=True, eq=False)
class Picture:
    """An original, uint8 (h, w), and the name its damage goes by."""

    name: str
    luma: np.ndarray

    def damaged(self, damage: str, scale: int) -> np.ndarray:
        """The small, damaged plane."""
        return degradation.parse(damage).apply(self.luma, scale, zlib.crc32(self.name.encode()))


@lru_cache(maxsize=4)
def pictures(folder: Path) -> list[Picture]:
    """The luma of a folder's images, 0 to 255, sides multiples of the scale."""
    found = []
    for file in image_files(folder):
        with Image.open(file) as opened:
            found.append(
                Picture(file.stem, resize.mod_crop(np.asarray(opened.convert("L")), SCALE))
            )
    return found


@lru_cache(maxsize=128)
def engine(name: str, strength: float) -> UpscalePlane:
    """A shipped model at a strength."""
    return engines.get("native").build(tables_at(iqlut.load(name), strength), _THREADS)


def score(large: np.ndarray, original: Picture) -> float:
    return psnr_ssim.psnr(large, original.luma, SHAVE_PX)


def filtered(low: np.ndarray, scale: int, name: str) -> np.ndarray:
    """A plane upscaled by Pillow."""
    size = (scale * low.shape[1], scale * low.shape[0])
    return np.asarray(Image.fromarray(low).resize(size, FILTERS[name]))


def main(sets: list[Path]) -> None:
    source = commit()
    rows = table_rows(pictures(sets[0])[::EVERY_THIRD])
    for place in sets:
        print(f"{place.name}: auto on {len(SWEEP)} degrees of damage", file=sys.stderr)
        rows += sweep_rows(place, JPEG_ALONE if place.name in JPEG_SETS else SWEEP)
    print("auto against every quarter of a strength", file=sys.stderr)
    rows += agreement_rows(sets)
    rows += small_rows(sets[0])
    write(
        PLACE,
        source,
        [f"python scripts/{Path(__file__).name} {' '.join(place.name for place in sets)}"],
        rows,
    )


def small_rows(kodak: Path) -> list[dict[str, Any]]:
    """What takes a minute: `--small` measures these again and keeps the others."""
    return edge_rows() + flat_rows() + monotone_rows(pictures(kodak)) + time_rows()


def again(kodak: Path) -> None:
    """Measures the small rows again; all others must be of the tables that are shipped."""
    source, measured = commit(), read(PLACE)
    new = small_rows(kodak)
    kinds = {row["what"] for row in new}
    kept = [row for row in measured["rows"] if row["what"] not in kinds]
    shipped = {name: iqlut.load(name).sha256 for name in DIALS}
    if any(
        measured["meta"]["tables_sha256"].get(name) != sha256 for name, sha256 in shipped.items()
    ):
        sys.exit("results/restoration.json is of other tables; measure all of it again")
    write(PLACE, source, measured["meta"]["commands"], kept + new)


def table_rows(originals: list[Picture]) -> list[dict[str, Any]]:
    """Every way to upscale, on every damage of the first table."""
    rows = []
    for damage in TABLE:
        lows = [(original, original.damaged(damage, SCALE)) for original in originals]
        for name in FILTERS:
            scores = [score(filtered(low, SCALE, name), original) for original, low in lows]
            rows.append(_row("table", damage, name, None, scores))
        for name in CLEAN_MODELS:
            scores = [score(engine(name, 0.0)(low), original) for original, low in lows]
            rows.append(_row("table", damage, name, None, scores))
        for name in DIALS:
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
) -> dict[str, Any]:
    return {
        "what": what, "damage": damage, "model": model, "restore": strength, "psnr_db": round(float(np.mean(scores)), 4)
    }  # fmt: skip


def sweep_rows(place: Path, damages: tuple[str, ...]) -> list[dict[str, Any]]:
    """`auto` beside the better of Pillow's filters, in the mean over a set, for each damage."""
    rows = []
    for damage in damages:
        scores: dict[str, list[float]] = {name: [] for name in (*FILTERS, *DIALS)}
        for original in pictures(place):
            low = original.damaged(damage, SCALE)
            for name in FILTERS:
                scores[name].append(score(filtered(low, SCALE, name), original))
            strength = choose_strength.choose([low]).strength
            for name in DIALS:
                scores[name].append(score(engine(name, strength)(low), original))
        means = {name: round(float(np.mean(values)), 4) for name, values in scores.items()}
        rows.append({"what": "sweep", "dataset": place.name, "damage": damage, **means})
    return rows


def agreement_rows(sets: list[Path]) -> list[dict[str, Any]]:
    """How often `auto` is as good as the best quarter of a strength: over all pairs of picture and damage."""
    rows = []
    for name in DIALS:
        for place in sets[: 1 if name == DIALS[1] else 2]:
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
                    "what": "agreement", "model": name, "dataset": place.name, "pairs": len(lost),
                    "within": round(within, 4), "lost_db": round(float(np.mean(lost)), 4),
                    "worst_db": round(max(lost), 3),
                }
            )  # fmt: skip
    return rows


def box(around: int, inside: int) -> np.ndarray:
    """A hard-edged square of 24 pixels in 48."""
    plane = np.full((48, 48), around, np.uint8)
    plane[12:36, 12:36] = inside
    return plane


def line(around: int, ink: int) -> np.ndarray:
    """Lines of one pixel, across and down."""
    plane = np.full((48, 48), around, np.uint8)
    plane[16, 6:42] = ink
    plane[6:42, 30] = ink
    return plane


def overshoot(plane: np.ndarray, large: np.ndarray) -> int:
    """By how many grey levels the result leaves the range of the plane."""
    low, high = int(plane.min()), int(plane.max())
    return max(0, low - int(large.min()), int(large.max()) - high)


def edge_rows() -> list[dict[str, Any]]:
    """Overshoot at hard edges with `auto`, beside Pillow's bicubic."""
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
                        "what": "edge", "model": name, "shape": shape.__name__, "around": around, "inside": inside,
                        "restore": strength, "least": int(large.min()), "most": int(large.max()),
                        "overshoot": overshoot(plane, large), "bicubic_overshoot": overshoot(plane, bicubic),
                    }
                )  # fmt: skip
    return rows


def flat_rows() -> list[dict[str, Any]]:
    """How much planes of one gray ripple at each strength."""
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


def monotone_rows(originals: list[Picture]) -> list[dict[str, Any]]:
    """The noise that is left on a flat plane, and PSNR, at each quarter of a strength."""
    flat = np.full((96, 96), 120, np.uint8)
    noisy = degradation.add_noise(flat, 10, np.random.default_rng(1))
    rows = []
    for name in DIALS:
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


def time_rows() -> list[dict[str, Any]]:
    """What choosing and blending take, beside upscaling, on one thread; medians of interleaved runs."""
    low = np.random.default_rng(1).integers(0, 256, (1080, 1920), dtype=np.uint8)
    rows = []
    for name in DIALS:
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
                "what": "time", "model": name, "size": "1920x1080", "choose_ms": round(choose_ms, 2),
                "enlarge_ms": round(upscale_ms, 1), "ratio": round(choose_ms / upscale_ms, 4),
                "blend_ms": round(blend_ms, 2), "threads": 1,
            }
        )  # fmt: skip
    return rows


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    if sys.argv[1] == "--small":
        again(Path(sys.argv[2]))
    else:
        main([Path(name) for name in sys.argv[1:]])
