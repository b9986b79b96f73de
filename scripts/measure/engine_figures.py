"""Measures every figure that the native engine must reach: results/speed.json and
results/figures.json.

    python -m scripts.measure.engine_figures [--busy]

It takes about three minutes and says which figures are missed. It refuses to start where other
processes keep the processors busy, since the times would be useless; `--busy` measures all the
same.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from scripts.measure import engine_memory, quality_and_speed, thread_gains
from scripts.shared import result_files
from scripts.shared.result_files import Row

AVX512 = ("avx512", "avx512vnni", "avx512vbmi")  # the last of them is the fastest
MODEL, RIVAL, LUMA, RGB, PILLOW = "l8c8-x4", "ecbsr-m4c16", "native", "native-rgb", "pillow-bicubic"
GROWTH_SIZES = ("320x196", "1000x625", "3160x1978")  # x4: 1, 10 and 100 megapixels
# Each result of 100 megapixels is 300 MB of fresh memory, which the system clears page by page and
# which a virtual machine may have to get from its host. With these settings the C library keeps
# freed memory for the next result.
KEPT = {"GLIBC_TUNABLES": "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=4294967296"}
BUSY_MAX = 0.05
_QUIET_SECONDS = 3


def main(though_busy: bool) -> None:
    """Measure all figures; end with one sentence where the machine is not quiet."""
    share = busy_share(_QUIET_SECONDS)
    if share > BUSY_MAX and not though_busy:
        sys.exit(
            f"something else keeps {share:.0%} of the processors busy; "
            "stop it, or measure all the same with --busy"
        )
    measured_from = result_files.origin()
    quality_and_speed.main(Path(), ("speed",))
    growth = [
        "bench",
        "-m",
        MODEL,
        "--engines",
        LUMA,
        RGB,
        "--size",
        *GROWTH_SIZES,
        "--repeats",
        "9",
    ]
    figures = [
        *ratios(result_files.load("speed")["rows"]),
        *growths(quality_and_speed.run(growth, KEPT), "memory kept", 1.15),
        *growths(quality_and_speed.run(growth), "fresh memory", None),
        *threads(thread_gains.rows()),
        *memory(engine_memory.rows()),
    ]
    commands = ["python -m scripts.measure.engine_figures"]
    result_files.write("figures", measured_from, commands, figures, [MODEL])
    for one in figures:
        print(f"{one['value']:8.3f}  {verdict(one):24s}{one['threads']} thread(s): {one['what']}")


def busy_share(seconds: float) -> float:
    """Return the share of processor time that is used during `seconds`; 0 where the system does not
    tell.
    """
    if not Path("/proc/stat").exists():
        return 0.0
    before = _ticks()
    time.sleep(seconds)
    all_ticks, idle = (now - then for now, then in zip(_ticks(), before, strict=True))
    return 1 - idle / max(all_ticks, 1)


def _ticks() -> tuple[int, int]:
    """Return the ticks of all processors since the machine started: all, and the idle ones."""
    ticks = [
        int(word)
        for word in Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]
    ]
    return sum(ticks), ticks[3] + ticks[4]


def figure(
    what: str, value: float, limit: float | None = None, least: bool = False, threads: int = 1
) -> Row:
    """Return a row of the results; `limit` is the largest value allowed, or the smallest if
    `least`.
    """
    return {
        "what": what,
        "threads": threads,
        "value": round(value, 3),
        "limit": limit,
        "least": least,
    }


def verdict(row: Row) -> str:
    """Say in words whether a figure is reached."""
    if row["limit"] is None:
        return ""
    reached = row["value"] >= row["limit"] if row["least"] else row["value"] <= row["limit"]
    return (
        f"{'at least' if row['least'] else 'at most'} {row['limit']:g}: "
        f"{'reached' if reached else 'MISSED'}"
    )


def ratios(rows: list[Row]) -> list[Row]:
    """Return the times relative to Pillow's bicubic and the nearest rival, and of RGB relative to
    luma.
    """
    mine = [row for row in rows if row["model"] in (MODEL, "") and row["scale"] == 4]
    timed = {(row["name"], row["threads"]): row for row in mine}
    found = []
    of_avx512 = [isa for isa in AVX512 if (f"native-{isa}", 1) in timed]
    limits = {
        "avx2": 1.8,
        **dict.fromkeys(of_avx512),
        "portable": 8.0,
        "neon": None,
        "neondot": None,
    }
    if of_avx512:
        limits[of_avx512[-1]] = 1.4
    for isa, limit in limits.items():
        if row := timed.get((f"native-{isa}", 1)):
            found.append(
                figure(f"{isa}, to Pillow's bicubic", row["ratio_to_pillow_bicubic"], limit)
            )
    for name, count in sorted(timed):
        if name == RIVAL and (LUMA, count) in timed:
            ratio = timed[LUMA, count]["ms"] / timed[RIVAL, count]["ms"]
            found.append(figure(f"luma, to {RIVAL} under onnxruntime", ratio, 0.25, threads=count))
    found.append(figure("colours, to luma", timed[RGB, 1]["ms"] / timed[LUMA, 1]["ms"], 1.6))
    return found


def growths(rows: list[Row], memory: str, limit: float | None) -> list[Row]:
    """Return how much the time per pixel grows with the size; `memory` says where results are
    written.
    """
    found = []
    for name in (LUMA, RGB):
        times = [row["ns_per_px"] for row in rows if row["name"] == name]
        listed = ", ".join(f"{time:.2f}" for time in times)
        what = (
            f"{name}, {memory}: a pixel of 1, 10 and 100 megapixels ({listed} ns), the most "
            "to the least"
        )
        found.append(figure(what, max(times) / min(times), limit))
    return found


def threads(rows: list[Row]) -> list[Row]:
    """Return the gains of a second thread: at least 1.7 where two processes gain 1.9 or more, and
    at least 0.85 of what two processes gain everywhere.
    """
    found = []
    for row in rows:
        free = row["gain_processes"] >= 1.9
        size = f"{row['width']}x{row['height']}"
        found += [
            figure(
                f"{size}, two threads to one", row["gain_threads"], 1.7 if free else None, True, 2
            ),
            figure(f"{size}, two processes to one", row["gain_processes"], None, True),
            figure(
                f"{size}, two threads to two processes", row["gain_to_processes"], 0.85, True, 2
            ),
        ]
    return found


def memory(rows: list[Row]) -> list[Row]:
    """Return the memory that 100 megapixels take beyond the picture and the result."""
    return [
        figure(
            f"{row['what']}, {row['megapixels']:g} megapixels, MB beyond picture and result",
            row["extra_mb"],
            engine_memory.EXTRA_MAX_MB,
            threads=row["threads"],
        )
        for row in rows
    ]


if __name__ == "__main__":
    main("--busy" in sys.argv[1:])
