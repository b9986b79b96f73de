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
    lines = [f"| damage | {' | '.join(names)} |", f"|---|{'--:|' * len(names)}"]
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
        "### PSNR at each strength\nThe scores are PSNR in dB at x4, on eight images of Kodak "
        "(every third). The best fixed strength of\neach model is in bold.\n\n" + "\n".join(lines)
    )


def _sweep(rows: Rows) -> str:
    """Return for each set `auto` and the better of Pillow's filters at round degrees of damage."""
    sweep = _of(rows, "sweep")
    lines = [
        "| set | damage | better filter of Pillow | everyday auto | best auto |",
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
        "### Comparison with Pillow's filters\nThe mean PSNR of `auto` on each set is compared "
        f"with the better of Pillow's bicubic and Lanczos filters, on {sets} and for {len(SWEEP)} "
        "degrees of damage (JPEG quality 10 to 100 in steps of 5, noise of 0 to 25 gray levels in "
        f"steps of 2.5). {_least_margins(sweep)}\n\n" + "\n".join(lines)
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
    verdict = "never worse" if least_db >= -_TOLERATED_DB else "**worse in some cases**"
    words = "; ".join(f"{name} {margin:+.2f} dB ({at})" for name, (margin, at) in margins.items())
    return f"`auto` is {verdict}. The smallest gains are: {words}."


def _pillow_db(row: Row) -> float:
    """Return the better score of Pillow's filters."""
    return max(row[name] for name in FILTERS)


def _agreement(rows: Rows) -> str:
    lines = [
        "| model | set | pictures x degrees | within 0.05 dB of the best | mean loss, dB |",
        "|---|---|--:|--:|--:|",
    ]
    lines += [
        f"| {row['model']} | {row['dataset']} | {row['pairs']} | {row['within']:.1%} | "
        f"{row['lost_db']:.3f} |"
        for row in _of(rows, "agreement")
    ]
    return (
        "### How good the choice is\nThe strength that `auto` chooses is compared with the best "
        f"of {len(QUARTERS)} strengths (0 to 3 in steps of 0.25), for each picture and each of the "
        "same degrees of damage.\n\n" + "\n".join(lines)
    )


def _curves(rows: Rows) -> str:
    """Say whether strengths are monotone: the noise left never rises, PSNR rises and then falls."""
    lines = [
        "| model | remaining noise at 0, 0.5, 1, ... 3 | PSNR as a function of the strength |",
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
        "### A higher strength removes more\nNoise of 10 gray levels was added to a flat plane, "
        "and the remaining noise was measured. Noise and PSNR were measured at the same "
        f"{len(QUARTERS)} strengths.\n\n" + "\n".join(lines)
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
        "| model | box of 160 on 255: lowest value | largest overshoot: boxes | lines "
        "| ripple on flat planes |"
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
        "### Hard edges\nA box of 24x24 pixels in a plane of 48x48, and lines of one pixel, were "
        f"upscaled with `auto` in {len(BOXES)} pairs of gray levels ({pairs}). The overshoot says "
        "by how many gray levels the result leaves the range between the two. For Pillow's "
        f"bicubic it is {bicubic['box']} for boxes and {bicubic['line']} for lines.\n\n"
        + "\n".join(lines)
    )


def _times(rows: Rows) -> str:
    lines = [
        "| model | choosing, ms | upscaling, ms | choosing relative to upscaling "
        "| blending two sets, ms |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['model']} | {row['choose_ms']:.1f} | {row['upscale_ms']:.0f} | {row['ratio']:.1%} "
        f"| {row['blend_ms']:.1f} |"
        for row in _of(rows, "time")
    ]
    return (
        "### Time\nThe times are for upscaling one plane of 1920x1080 on one thread. Choosing the "
        "strength and blending two sets is all the work that restoration adds.\n\n"
        + "\n".join(lines)
    )
