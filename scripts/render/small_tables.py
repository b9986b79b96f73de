"""Short measured passages: damage versions, speed of videos, batches, memory and attacks."""

from __future__ import annotations

from scripts.attack import outcomes
from scripts.shared import result_files
from scripts.shared.result_files import Row


def damage_versions() -> str:
    """Return the scores of training on one, several or always new damaged versions."""
    rows = result_files.load_rows("damage_versions")
    lines = ["| damaged versions of each picture | steps | dB |", "|---|--:|--:|"]
    for row in rows:
        versions = row["versions"] or "new damage for each patch"
        lines.append(f"| {versions} | {row['steps']:,} | {row['psnr_db']:.3f} |")
    return _with_origins(lines, rows)


def video_speed() -> str:
    """Return frames per second of the whole, of the upscaler and of the encoder, and the memory."""
    rows = result_files.load_rows("videos")
    lines = [
        "| 480x270 to 1920x1080 | frames | threads | frames/s | upscaler alone | encoder alone "
        "| peak memory |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        speeds = " | ".join(
            f"{row[name]:.1f}" for name in ("whole_fps", "upscaler_alone_fps", "encoder_alone_fps")
        )
        lines.append(
            f"| {row['model']} | {row['frames']} | {row['threads']} | {speeds} "
            f"| {row['peak_mib']:.0f} MiB |"
        )
    return _with_origins(lines, rows)


def interrupted_batch() -> str:
    """Return how many pictures a batch upscaled that was killed again and again."""
    rows = result_files.load_rows("batch")
    lines = ["| pictures upscaled | broken pictures reported | interrupted runs |", "|--:|--:|--:|"]
    lines += [
        f"| {row['results']} | {row['named']} | {len(row['there_after_kills'])} |" for row in rows
    ]
    return _with_origins(lines, rows)


def picture_memory() -> str:
    """Return the peak memory of one large picture beside the size of its input and result."""
    rows = result_files.load_rows("picture_memory")
    lines = [
        "| JPEG file | decoded input | result | peak of the whole command | beyond both |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['width']}x{row['height']} to x{row['scale']} | {row['input_mb']:.0f} MB "
        f"| {row['result_mb']:.0f} MB | {row['peak_mb']:.0f} MB | {row['extra_mb']:.0f} MB |"
        for row in rows
    ]
    return _with_origins(lines, rows)


def attacks() -> str:
    """Return how often each attack was to be tried and was tried, and what it found."""
    rows = {row["runner"]: row for row in result_files.load_rows(outcomes.FILE)}
    lines = ["| attack | asked | tried | wrong | worst |", "|---|--:|--:|--:|---|"]
    for runner, asked in outcomes.ASKED.items():
        if row := rows.get(runner):
            lines.append(
                f"| {row['attack']} | {'all' if asked is None else f'{asked:,}'} "
                f"| {row['trials']:,} | {row['wrong']} | {row['worst']} |"
            )
    return _with_origins(lines, list(rows.values()))


def _with_origins(lines: list[str], rows: list[Row]) -> str:
    """Return the table and where its rows were measured, or that nothing was measured yet."""
    if not rows:
        return "Not measured yet.\n"
    origins = sorted({result_files.described(row["origin"]) for row in rows})
    return "\n".join(lines) + f"\n\nMeasured: {'; '.join(origins)}.\n"
