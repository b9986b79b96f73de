"""Renders `results/*.json` into the README, docs/results.md, docs/kernel.md and docs/ablations.md, and learning curves
into docs/training.md; with `--check` only says, by exit code 1, that one is stale. Stale is also a result measured on
other tables than those that are shipped, or of another configuration.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cells
import iqlut
import learning
import measure_figures
import render_ablations
import render_restoration
import render_summary
from iqlut.timing.timed_upscalers import RGB

ROOT = Path(__file__).parents[1]
README, RESULTS = ROOT / "README.md", ROOT / "results"
DOCS = ROOT / "docs"
TIMES = ROOT / "src" / "iqlut" / "models" / "times.json"
PLOT = "docs/images/quality_time.svg"  # by plot_results.py
_SETS = ("Set5", "Set14", "B100", "Urban100", "Manga109")
_COMMANDS_MAX = 2  # that are named where the results are
_FIRST = "l8c8-x4"
_RGB_NOTE = (
    "Rows marked R, G, B: red, green and blue are upscaled each and the luma of the result is compared, as the public "
    "code of SR-LUT and MuLUT does; other measured rows upscale luma alone (`docs/evaluation.md`)."
)


def main(check: bool) -> None:
    """Brings all up to date, or ends with a sentence where one is not."""
    ablations = render_ablations.render()
    for document, mark, text in (
        (README, "results", summary()), (DOCS / "results.md", "results", f"{quality()}\n{speed()}"),
        (DOCS / "training.md", "learning", learning.table()),
        (DOCS / "restoration.md", "restoration", render_restoration.text(load("restoration.json"))),
        (DOCS / "kernel.md", "figures", figures()), (DOCS / "ablations.md", "ablations", ablations),
    ):  # fmt: skip
        old = document.read_text(encoding="utf-8")
        begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
        before, rest = old.split(begin)
        new = f"{before}{begin}\n{text}{end}{rest.split(end)[1]}"
        if check and old != new:
            sys.exit(
                f"the results in {document.name} are not those in results/*.json; run scripts/render_results.py"
            )
        if old != new:
            document.write_text(new, encoding="utf-8")
    bring_times_up_to_date(check)
    stale = stale_models()
    if check and stale:
        sys.exit(
            f"results/*.json speak of other tables than the shipped {', '.join(stale)}; run make results"
        )
    stale = render_ablations.stale()
    if check and stale:
        sys.exit(
            f"results/ablations.json speaks of other configurations of {', '.join(stale)}; run scripts/ablations.py"
        )


def bring_times_up_to_date(check: bool) -> None:
    """The times that `iqlut models` shows: those on one thread, to Pillow's bicubic."""
    rows = [
        row for row in load("speed.json")["rows"] if row["threads"] == 1 and row["name"] == "native"
    ]
    times = {row["model"]: round(row["ratio_to_pillow_bicubic"], 1) for row in rows}
    text = json.dumps(dict(sorted(times.items())), indent=1) + "\n"
    if check and TIMES.read_text(encoding="utf-8") != text:
        sys.exit(
            f"the times in {TIMES.name} are not those in results/speed.json; run scripts/render_results.py"
        )
    TIMES.write_text(text, encoding="utf-8")


def load(name: str) -> dict[str, Any]:
    """The results in a file; none if it was not measured yet."""
    path = RESULTS / name
    return (
        json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"meta": {}, "rows": []}
    )


def stale_models() -> list[str]:
    """Models measured with other tables than those in the package."""
    shipped = {name: iqlut.load(name).sha256 for name in iqlut.models()}
    stale = []
    for file in ("quality.json", "speed.json", "figures.json", "restoration.json"):
        measured = load(file)["meta"].get("tables_sha256", {})
        stale += [name for name, sha256 in measured.items() if shipped.get(name) != sha256]
    return sorted(set(stale))


def summary() -> str:
    """What the README shows: a row for each model at x4, and the plot of quality against time where there is one."""
    ours, timings, published = load("quality.json"), load("speed.json"), load("published.json")
    if not ours["rows"]:
        return _origin({}, "Quality") + "\n"
    meta = ours["meta"]
    table = render_summary.table(
        ours["rows"], meta["table_bytes"], timings["rows"], published["rows"]
    )
    note = (
        f"Luma PSNR in dB, and times on one thread. By `make results`: commit `{meta['commit']}`, {meta['machine']}, "
        f"{meta['date']}. Published: {published['meta']['source']}; times of networks are our own, those with *about* "
        "were measured elsewhere. [docs/results.md](docs/results.md) has x2 and x3, SSIM, colours, turns, all times."
    )
    plot = [f"![Quality against time]({PLOT})"] if (ROOT / PLOT).exists() else []
    return "\n\n".join([table, note, *plot]) + "\n"


def quality() -> str:
    """PSNR on each test set, a table for each scale, the published rows below our own at theirs."""
    ours, published = load("quality.json"), load("published.json")
    scales = sorted({4, *(row["scale"] for row in ours["rows"])}, reverse=True)
    parts = ["\n".join(_quality_table(scale, ours, published["rows"])) for scale in scales]
    note = f"Published: {published['meta']['source']}."
    if any(row.get("ensemble", 1) > 1 for row in ours["rows"]):
        note += " With 8 turns (`--ensemble 8`) the same tables take eight times the time."
    if any(row.get("path") == "rgb" for row in [*ours["rows"], *published["rows"]]):
        note += f" {_RGB_NOTE}"
    return "\n\n".join(parts) + f"\n\n{_origin(ours['meta'], 'Quality')} {note}\n"


def _quality_table(scale: int, ours: dict[str, Any], published: list[dict[str, Any]]) -> list[str]:
    rows, bytes_of = (
        [row for row in ours["rows"] if row["scale"] == scale],
        ours["meta"].get("table_bytes", {}),
    )
    others = [row for row in published if row.get("scale", 4) == scale]
    known = {row["dataset"] for row in rows}.union(*others)
    sets = [name for name in _SETS if name in known]
    heading = f"| x{scale}, luma PSNR in dB (and SSIM) | tables | {' | '.join(sets)} | |"
    lines = [heading, f"|---|--:|{'--:|' * len(sets)}---|"]
    kinds = dict.fromkeys(_kind(row) for row in rows)
    largest = max(bytes_of.values(), default=0) + 1  # what has no tables comes last
    for name, path, ensemble in sorted(
        kinds, key=lambda kind: (bytes_of.get(kind[0], largest), kind[1] == "rgb", kind[2])
    ):
        scores = {
            row["dataset"]: _score(row) for row in rows if _kind(row) == (name, path, ensemble)
        }
        label, tables = (
            (f"**{name}**", cells.table_kib(bytes_of[name])) if name in bytes_of else (name, "")
        )
        label += f", self-ensemble x{ensemble}" if ensemble > 1 else ""
        lines.append(
            f"| {label} | {tables} | {cells.joined(scores, sets)} | measured{cells.way(path)} |"
        )
    for row in others:
        scores = {name: f"{row[name]:.2f}" for name in sets if name in row}
        origin = f"published{cells.way(row.get('path', 'y'))}"
        lines.append(
            f"| {row['model']} | {cells.table_kb(row)} | {cells.joined(scores, sets)} | {origin} |"
        )
    return lines


def _kind(row: dict[str, Any]) -> tuple[str, str, int]:
    return row["model"], row["path"], row.get("ensemble", 1)


def _score(row: dict[str, Any]) -> str:
    return f"{row['psnr_db']:.2f} ({row['ssim']:.3f})" if "ssim" in row else f"{row['psnr_db']:.2f}"


def speed() -> str:
    """Times beside Pillow's bicubic."""
    timings = load("speed.json")
    if not timings["rows"]:
        return _origin({}, "Speed") + "\n"
    lines = ["| one thread | ms | to Pillow's bicubic |", "|---|--:|--:|"]
    for row in filter(_shown, timings["rows"]):
        what = f"{row['name']}, {row['width']}x{row['height']} to {_upscaled(row)}"
        if row["model"]:
            what = f"**{row['model']}**, {what}"
        lines.append(f"| {what} | {row['ms']:.1f} | {row['ratio_to_pillow_bicubic']:.2f} |")
    note = f"One plane of luma; with `{RGB}` a picture with colours. The networks are fp32 under onnxruntime. "
    note += "`results/speed.json` has all instruction sets of all models, and two threads."
    return "\n".join(lines) + f"\n\n{_origin(timings['meta'], 'Speed')} {note}\n"


def _shown(row: dict[str, Any]) -> bool:
    """On one thread, the instruction sets apart for the first model alone."""
    return row["threads"] == 1 and (row["model"] in ("", _FIRST) or row["name"] in ("native", RGB))


def figures() -> str:
    """What the native engine is held to, and what was measured."""
    measured = load("figures.json")
    if not measured["rows"]:
        return "Not measured yet (`python scripts/measure_figures.py`).\n"
    lines = [
        f"| {row['what']} | {row['threads']} | {row['value']:.2f} | {measure_figures.verdict(row)} |"
        for row in measured["rows"]
    ]
    head = ("| | threads | measured | required |", "|---|--:|--:|---|")
    return "\n".join((*head, *lines)) + f"\n\n{_origin(measured['meta'], 'Figures')}\n"


def _upscaled(row: dict[str, Any]) -> str:
    return f"{row['width'] * row['scale']}x{row['height'] * row['scale']}"


def _origin(meta: dict[str, Any], what: str) -> str:
    if not meta:
        return f"{what} of our own tables: not measured yet (`make results`)."
    hashes = ", ".join(f"`{sha256[:12]}`" for sha256 in meta["tables_sha256"].values())
    commands = "; ".join(f"`{command}`" for command in meta["commands"])
    if len(meta["commands"]) > _COMMANDS_MAX:
        commands = f"`make results` (its {len(meta['commands'])} commands are in `results/{what.lower()}.json`)"
    return f"{what}: tables {hashes}, commit `{meta['commit']}`, {meta['machine']}, {meta['date']}, by {commands}."


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
