"""The measured part of docs/restoration.md, from results/restoration.json; `documents` writes and
checks it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from scripts.measure.restoration_protocol import (
    BOXES,
    CLEAN_MODELS,
    FILTERS,
    QUARTERS,
    SHOWN,
    STRENGTH_MODELS,
    SWEEP,
    TABLE,
)
from scripts.shared import result_files
from scripts.shared.result_files import Row

Rows = list[Row]
_TOLERATED_DB = 0.02
_ROUND_DEGREES = ("jpeg:10", "jpeg:20", "jpeg:100", "noise:0", "noise:20", "noise:25")
_SAME = 0.05  # grey levels


def text(measured: dict[str, Any]) -> str:
    """Return all tables, and where their numbers come from."""
    rows = measured["rows"]
    if not rows:
        return "Not measured yet (`make results`).\n"
    meta = measured["meta"]
    origin = f"Measured by `{meta['commands'][0]}`: {result_files.described(meta['origin'])}."
    parts = [
        _table(rows),
        _sweep(rows),
        _agreement(rows),
        _curves(rows),
        _edges(rows),
        _times(rows),
        origin,
    ]
    return "\n\n".join(parts) + "\n"


def _of(rows: Rows, what: str) -> Rows:
    return [row for row in rows if row["what"] == what]


def _table(rows: Rows) -> str:
    """Return a row for each damage and a column for each way to upscale, best strengths in bold."""
    scores = {
        (row["damage"], row["model"], row["restore"]): row["psnr_db"] for row in _of(rows, "table")
    }
    plain = [(name, None) for name in (*FILTERS, *CLEAN_MODELS)]
    shown = [(name, strength) for name in STRENGTH_MODELS for strength in (*SHOWN, "auto")]
    names = [name for name, _ in plain] + [
        f"{name.split('-')[0]} {strength}" for name, strength in shown
    ]
    lines = [f"| small picture | {' | '.join(names)} |", f"|---|{'--:|' * len(names)}"]
    for damage in TABLE:
        cells = [f"{scores[(damage, *column)]:.2f}" for column in plain]
        for name in STRENGTH_MODELS:
            values = {strength: scores[damage, name, strength] for strength in SHOWN}
            best = max(values.values())
            cells += [
                f"**{value:.2f}**" if value == best else f"{value:.2f}" for value in values.values()
            ]
            cells.append(f"{scores[damage, name, 'auto']:.2f}")
        lines.append(f"| {damage} | {' | '.join(cells)} |")
    return (
        "### Strengths against damage\nEight images of Kodak (every third), x4, dB.\n\n"
        + "\n".join(lines)
    )


def _sweep(rows: Rows) -> str:
    """Return for each set `auto` and the better of Pillow's filters at round degrees of damage."""
    sweep = _of(rows, "sweep")
    lines = [
        "| set | damage | better of Pillow's | everyday auto | best auto |",
        "|---|---|--:|--:|--:|",
    ]
    for row in sweep:
        if row["damage"] in (*TABLE, *_ROUND_DEGREES):
            scores = " | ".join(f"{row[name]:.2f}" for name in STRENGTH_MODELS)
            lines.append(
                f"| {row['dataset']} | {row['damage']} | {_pillow_db(row):.2f} | {scores} |"
            )
    sets = ", ".join(dict.fromkeys(row["dataset"] for row in sweep))
    return (
        "### Never worse than a filter\n`auto` against the better of Pillow's bicubic "
        "and Lanczos, in the mean over "
        f"{sets}, for {len(SWEEP)} degrees of damage (JPEG 10 to 100 in steps of 5, noise "
        "0 to 25 in steps of 2.5): "
        f"{_least_margins(sweep)}\n\n" + "\n".join(lines)
    )


def _least_margins(sweep: Rows) -> str:
    """Say by how much each model is better than Pillow's filters at least, and where."""
    margins = {
        name: min(
            (row[name] - _pillow_db(row), f"{row['damage']} on {row['dataset']}") for row in sweep
        )
        for name in STRENGTH_MODELS
    }
    least_db = min(margin for margin, _ in margins.values())
    verdict = "never worse" if least_db >= -_TOLERATED_DB else "**worse somewhere**"
    words = "; ".join(f"{name} {margin:+.2f} dB ({at})" for name, (margin, at) in margins.items())
    return f"{verdict}. The least gain: {words}."


def _pillow_db(row: Row) -> float:
    """Return the better score of Pillow's filters."""
    return max(row[name] for name in FILTERS)


def _agreement(rows: Rows) -> str:
    lines = [
        "| model | set | pairs | within 0.05 dB of the best | lost in the mean, dB |",
        "|---|---|--:|--:|--:|",
    ]
    lines += [
        f"| {row['model']} | {row['dataset']} | {row['pairs']} | {row['within']:.1%} | "
        f"{row['lost_db']:.3f} |"
        for row in _of(rows, "agreement")
    ]
    return (
        "### How good the choice is\n`auto` against the best quarter of a strength of "
        "each picture, over the same "
        "degrees of damage.\n\n" + "\n".join(lines)
    )


def _curves(rows: Rows) -> str:
    """Say whether strengths are monotone: the noise left never rises, PSNR rises and then falls."""
    lines = [
        "| model | noise left of 10, at 0, 0.5, 1, ... 3 | PSNR over the strength |",
        "|---|---|---|",
    ]
    for name in STRENGTH_MODELS:
        (left,) = (row["values"] for row in _of(rows, "noise left") if row["model"] == name)
        curves = {
            row["damage"]: row["values"] for row in _of(rows, "curve") if row["model"] == name
        }
        single = [damage for damage, values in curves.items() if maxima(values) == 1]
        others = [damage for damage in curves if damage not in single]
        verdict = f"one maximum for {len(single)} of {len(curves)} kinds of damage"
        verdict += f" (not {', '.join(others)})" if others else ""
        falls = all(b <= a + _SAME for a, b in pairwise(left))
        shown = ", ".join(f"{value:.1f}" for value in left[::2])
        lines.append(
            f"| {name} | {shown}: {'falls' if falls else 'does not always fall'} | {verdict} |"
        )
    return (
        f"### Strengths are monotone\nAt each of {len(QUARTERS)} quarters of a strength.\n\n"
        + "\n".join(lines)
    )


def maxima(values: list[float]) -> int:
    """Return how many points of a curve are no lower than their neighbours."""
    return sum(
        values[i] >= max(values[max(0, i - 1)], values[min(len(values) - 1, i + 1)])
        and values[i] > min(values)
        for i in range(len(values))
    )


def _edges(rows: Rows) -> str:
    """Return the overshoot of the worst box and line of each model."""
    edges = _of(rows, "edge")
    names = list(dict.fromkeys(row["model"] for row in edges))
    lines = [
        "| model | box of 160 on 255: least | most overshoot, box | line | flat planes ripple by |"
    ]
    lines.append("|---|--:|--:|--:|--:|")
    for name in names:
        own = [row for row in edges if row["model"] == name]
        (least,) = (
            row["least"]
            for row in own
            if (row["shape"], row["around"], row["inside"]) == ("box", 255, 160)
        )
        most = {
            shape: max(row["overshoot"] for row in own if row["shape"] == shape)
            for shape in ("box", "line")
        }
        ripple = max(row["ripple"] for row in _of(rows, "flat") if row["model"] == name)
        lines.append(f"| {name} | {least} | {most['box']} | {most['line']} | {ripple} |")
    pairs = ", ".join(f"{inside} on {around}" for around, inside in BOXES)
    bicubic = {
        shape: max(row["bicubic_overshoot"] for row in edges if row["shape"] == shape)
        for shape in ("box", "line")
    }
    return (
        f"### Hard edges\nA square of 24 pixels in 48, and lines of one pixel ({pairs}), "
        "with `auto`: by how many grey "
        "levels the result leaves the range of the two (Pillow's bicubic: "
        f"{bicubic['box']} and {bicubic['line']}).\n\n" + "\n".join(lines)
    )


def _times(rows: Rows) -> str:
    lines = [
        "| model | choosing, ms | upscaling, ms | choosing takes | blending two sets, ms |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['model']} | {row['choose_ms']:.1f} | {row['upscale_ms']:.0f} | {row['ratio']:.1%} "
        f"| {row['blend_ms']:.1f} |"
        for row in _of(rows, "time")
    ]
    return (
        "### Time\nOne plane of 1920x1080, one thread. A strength changes nothing else.\n\n"
        + "\n".join(lines)
    )
