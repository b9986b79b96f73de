"""`iqlut info` and `iqlut models`: facts about a model, and the list of shipped models."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from iqlut.command_line import arguments
from iqlut.command_line.exit_codes import OK
from iqlut.command_line.output import flat, print_json, print_table
from iqlut.tables import file_format, shipped_models
from iqlut.tables.restoration_tables import RestorationTables, tables_at

TIMES = "times.json"


@dataclass(frozen=True)
class Info:
    """Print the shape and the sizes of a model and how it was trained."""

    model: Annotated[
        Positional[str],
        arg(metavar="MODEL", help="name of a model that `iqlut models` lists, or a *.iqlut file"),
    ]
    json: arguments.Json = False
    debug: arguments.Debug = False

    def run(self) -> int:
        model = arguments.model(self.model)
        own = sizes(model, self.model)
        facts = (
            own | flat(model.about) | own
        )  # facts of the tables come first and replace others of the same name
        if self.json:
            print_json([facts])
        else:
            print_table(
                model.name, [{"fact": name, "value": value} for name, value in facts.items()]
            )
        return OK


@dataclass(frozen=True)
class Models:
    """List the shipped models and the purpose of each.

    everyday-* are for most pictures and videos: photos, JPEGs, scans and screenshots. They also
    remove noise and JPEG damage (--restore).

    best-* are sharper and slower than everyday-*.

    -m accepts a name without its scale, such as best, and then takes the model of the scale.

    The others are for clean input that was downscaled by the bicubic kernel, as in benchmarks.

    PSNR is measured on Set5, in dB. The time is measured on one thread, relative to bicubic
    upscaling by Pillow. Models of one purpose and scale are listed from the fastest to the slowest.
    """

    json: arguments.Json = False
    debug: arguments.Debug = False

    def run(self) -> int:
        listed = sorted(
            ((arguments.model(name), name) for name in shipped_models.models()), key=_order
        )
        rows = [sizes(model, name) | _scores(model) for model, name in listed]
        if self.json or not rows:
            print_json(rows)
        else:
            print_table(
                "models",
                [_brief(model, row) for (model, _), row in zip(listed, rows, strict=True)],
            )
        return OK


def _scores(model: shipped_models.Model) -> dict[str, Any]:
    """The quality and the time of a shipped model; None for what was not measured."""
    psnr_db = model.about.get("psnr_db", {}).get("Set5")
    return {"psnr_db": psnr_db and round(psnr_db, 2), "time": _times().get(model.name)}


def _order(listed: tuple[shipped_models.Model, str]) -> tuple[bool, int, float]:
    """Everyday pictures before clean input; small scales before large ones; fast before slow."""
    model, name = listed
    is_for_clean_input = _purpose(model) == shipped_models.CLEAN_INPUT
    return is_for_clean_input, model.scale, _times().get(name, math.inf)


def _purpose(model: shipped_models.Model) -> str:
    return model.about.get("purpose", shipped_models.CLEAN_INPUT)


def _brief(model: shipped_models.Model, row: dict[str, Any]) -> dict[str, Any]:
    """The facts that fit into a line of 80 characters."""
    restore_range = ""
    if isinstance(model, RestorationTables):
        restore_range = f"{model.strengths[0]:g} to {model.strengths[-1]:g}"
    return {
        "name": row["name"],
        "purpose": row["purpose"],
        "restore": restore_range,
        "KiB": f"{row['table_bytes'] / 1024:.1f}",
        "PSNR": row["psnr_db"],
        "time": row["time"],
    }


@lru_cache
def _times() -> dict[str, float]:
    """Measured time of each shipped model, relative to bicubic upscaling by Pillow.

    scripts/render/documents.py writes the file.
    """
    return json.loads((resources.files("iqlut") / "models" / TIMES).read_text(encoding="utf-8"))


def sizes(model: shipped_models.Model, name_or_path: str) -> dict[str, Any]:
    """The facts that follow from the tables; `table_bytes` counts one restoration strength."""
    path, tables = Path(name_or_path), tables_at(model)
    shipped = shipped_models.of_family(name_or_path) in shipped_models.models()
    facts = {
        "name": model.name,
        "scale": model.scale,
        "blocks": tables.blocks,
        "channels": tables.channels,
        "symmetry": model.symmetry,
        "negative": model.negative,
        "table_bytes": tables.table_bytes,
        "file_bytes": len(file_format.to_bytes(model)) if shipped else path.stat().st_size,
        "receptive_field_px": tables.receptive_field_px,
        "purpose": _purpose(model),
        "sha256": model.sha256,
    }
    if isinstance(model, RestorationTables):
        facts |= {"strengths": ", ".join(f"{strength:g}" for strength in model.strengths)}
        facts |= {"all_tables_bytes": model.table_bytes}
    return facts
