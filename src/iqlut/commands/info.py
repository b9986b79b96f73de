"""`iqlut info` and `iqlut models`: what a model is, and which there are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from iqlut.command_line import arguments
from iqlut.command_line.console import OK, flat, print_json, print_table
from iqlut.tables import file_format, shipped_models
from iqlut.tables.restoration_tables import RestorationTables, tables_at

TIMES = "times.json"
CLEAN_INPUT = "clean input"  # the purpose of models that do not say theirs


@dataclass(frozen=True)
class Info:
    """Say what a model is: its sizes, and how it was trained."""

    model: Annotated[
        Positional[str], arg(metavar="MODEL", help="a model of `iqlut models`, or a *.iqlut file")
    ]
    json: arguments.Json = False
    debug: arguments.Debug = False

    def run(self) -> int:
        model = arguments.model(self.model)
        own = sizes(model, self.model)
        facts = own | flat(model.about) | own  # the tables come first, and have the last word
        if self.json:
            print_json([facts])
        else:
            print_table(
                model.name, [{"fact": name, "value": value} for name, value in facts.items()]
            )
        return OK


@dataclass(frozen=True)
class Models:
    """List the models in this package, and what each is for.

    everyday-*  for most pictures and videos: JPEGs, photos, scans, screenshots; restores what is damaged (--restore)
    best-*      the same, sharper and slower
    others      for clean input, made small by bicubic, as benchmarks have it: -m NAME runs exactly these tables

    PSNR is that on Set5, in dB; time is that of upscaling, to Pillow's bicubic, on one thread.
    """

    json: arguments.Json = False
    debug: arguments.Debug = False

    def run(self) -> int:
        times = _times()
        rows = []
        for name in shipped_models.models():
            model = arguments.model(name)
            psnr_db = model.about.get("psnr_db", {}).get("Set5")
            rows.append(
                sizes(model, name)
                | {"psnr_db": psnr_db and round(psnr_db, 2), "time": times.get(name)}
            )
        if self.json or not rows:
            print_json(rows)
        else:
            print_table("models", [_brief(row) for row in rows])
        return OK


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    """What fits a line of 80 characters."""
    return {
        "name": row["name"],
        "purpose": row["purpose"],
        "restore": _ends(row.get("strengths", "")),
        "KiB": f"{row['table_bytes'] / 1024:.1f}",
        "PSNR": row["psnr_db"],
        "time": row["time"],
    }


def _ends(strengths: str) -> str:
    """As in 0 to 3."""
    return " to ".join(dict.fromkeys((strengths.partition(",")[0], strengths.rpartition(", ")[2])))


def _times() -> dict[str, float]:
    """The time of each shipped model to that of Pillow's bicubic, as it was measured (scripts/render/documents.py)."""
    return json.loads((resources.files("iqlut") / "models" / TIMES).read_text(encoding="utf-8"))


def sizes(model: shipped_models.Model, name_or_path: str) -> dict[str, Any]:
    """The facts that follow from the tables themselves. `table_bytes` are those of one restoration strength."""
    path, tables = Path(name_or_path), tables_at(model)
    shipped = name_or_path in shipped_models.models()
    facts = {
        "name": model.name,
        "scale": model.scale,
        "blocks": tables.blocks,
        "channels": tables.channels,
        "symmetry": model.symmetry,
        "table_bytes": tables.table_bytes,
        "file_bytes": len(file_format.to_bytes(model)) if shipped else path.stat().st_size,
        "receptive_field_px": tables.receptive_field_px,
        "purpose": model.about.get("purpose", CLEAN_INPUT),
        "sha256": model.sha256,
    }
    if isinstance(model, RestorationTables):
        facts |= {"strengths": ", ".join(f"{strength:g}" for strength in model.strengths)}
        facts |= {"all_tables_bytes": model.table_bytes}
    return facts
