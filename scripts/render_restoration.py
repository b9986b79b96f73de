"""The measured part of docs/restoration.md, from results/restoration.json; render_results.py writes and checks it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from measure_restoration import BOXES, CLEAN_MODELS, DIALS, FILTERS, QUARTERS, SHOWN, SWEEP, TABLE

Rows = list[dict[str, Any]]
_TOLERATED_DB = 0.02
_SAME = 0.05  # grey levels


def text(measured: dict[str, Any]) -> str:
    """All tables, with where they come from."""
    rows = measured["rows"]
    if not rows:
        return "Not measured yet (`make results`).\n"
    meta = measured["meta"]
    origin = f"Measured by `{meta['commands'][0]}`: commit `{meta['commit']}`, {meta['machine']}, {meta['date']}."
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
    """A row for each damage, a column for each way to upscale; the best strength of each model in bold."""
    scores = {
        (row["damage"], row["model"], row["restore"]): row["psnr_db"] for row in _of(rows, "table")
    }
    plain = [(name, None) for name in (*FILTERS, *CLEAN_MODELS)]
    shown = [(name, strength) for name in DIALS for strength in (*SHOWN, "auto")]
    names = [name for name, _ in plain] + [
        f"{name.split('-')[0]} {strength}" for name, strength in shown
    ]
    lines = [f"| small picture | {' | '.join(names)} |", f"|---|{'--:|' * len(names)}"]
    for damage in TABLE:
        cells = [f"{scores[(damage, *column)]:.2f}" for column in plain]
        for name in DIALS:
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
    """For each set the least margin of `auto` over the better of Pillow's filters, and a table at round values."""
    sweep = _of(rows, "sweep")
    lines = [
        "| set | damage | better of Pillow's | everyday auto | best auto |",
        "|---|---|--:|--:|--:|",
    ]
    least: dict[str, tuple[float, str]] = {}
    for row in sweep:
        pillow = max(row[name] for name in FILTERS)
        for name in DIALS:
            margin = row[name] - pillow
            least[name] = min(
                least.get(name, (99.0, "")), (margin, f"{row['damage']} on {row['dataset']}")
            )
        if row["damage"] in TABLE or row["damage"] in (
            "jpeg:10",
            "jpeg:20",
            "jpeg:100",
            "noise:0",
            "noise:20",
            "noise:25",
        ):
            cells = (f"{row[name]:.2f}" for name in DIALS)
            lines.append(
                f"| {row['dataset']} | {row['damage']} | {pillow:.2f} | {' | '.join(cells)} |"
            )
    sets = ", ".join(dict.fromkeys(row["dataset"] for row in sweep))
    words = "; ".join(
        f"{name} {margin:+.2f} dB ({where})" for name, (margin, where) in least.items()
    )
    verdict = (
        "never worse"
        if min(margin for margin, _ in least.values()) >= -_TOLERATED_DB
        else "**worse somewhere**"
    )
    return (
        "### Never worse than a filter\n`auto` against the better of Pillow's bicubic and Lanczos, in the mean over "
        f"{sets}, for {len(SWEEP)} degrees of damage (JPEG 10 to 100 in steps of 5, noise 0 to 25 in steps of 2.5): "
        f"{verdict}. "
        f"The least gain: {words}.\n\n" + "\n".join(lines)
    )


def _agreement(rows: Rows) -> str:
    lines = [
        "| model | set | pairs | within 0.05 dB of the best | lost in the mean, dB |",
        "|---|---|--:|--:|--:|",
    ]
    lines += [
        f"| {row['model']} | {row['dataset']} | {row['pairs']} | {row['within']:.1%} | {row['lost_db']:.3f} |"
        for row in _of(rows, "agreement")
    ]
    return (
        "### How good the choice is\n`auto` against the best quarter of a strength of each picture, over the same "
        "degrees of damage.\n\n" + "\n".join(lines)
    )


def _curves(rows: Rows) -> str:
    """Whether the dial is monotone: noise left never rises, PSNR rises and then falls."""
    lines = [
        "| model | noise left of 10, at 0, 0.5, 1, ... 3 | PSNR over the strength |",
        "|---|---|---|",
    ]
    for name in DIALS:
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
        f"### The dial turns one way\nAt each of {len(QUARTERS)} quarters of a strength.\n\n"
        + "\n".join(lines)
    )


def maxima(values: list[float]) -> int:
    """How many of a curve's points are no lower than their neighbours."""
    return sum(
        values[i] >= max(values[max(0, i - 1)], values[min(len(values) - 1, i + 1)])
        and values[i] > min(values)
        for i in range(len(values))
    )


def _edges(rows: Rows) -> str:
    """The overshoot of the worst box and line of each model."""
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
        f"### Hard edges\nA square of 24 pixels in 48, and lines of one pixel ({pairs}), with `auto`: by how many grey "
        f"levels the result leaves the range of the two (Pillow's bicubic: {bicubic['box']} and {bicubic['line']}).\n\n"
        + "\n".join(lines)
    )


def _times(rows: Rows) -> str:
    lines = [
        "| model | choosing, ms | upscaling, ms | choosing takes | blending two sets, ms |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['model']} | {row['choose_ms']:.1f} | {row['enlarge_ms']:.0f} | {row['ratio']:.1%} "
        f"| {row['blend_ms']:.1f} |"
        for row in _of(rows, "time")
    ]
    return (
        "### Time\nOne plane of 1920x1080, one thread. A strength changes nothing else.\n\n"
        + "\n".join(lines)
    )
