"""`iqlut info` and `iqlut models`: what a model is, and which there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from iqlut import api, fileformat
from iqlut.commands import options
from iqlut.commands.console import OK, flat, print_json, print_table
from iqlut.tables import Tables


@dataclass(frozen=True)
class Info:
    """Say what a model is: its sizes, and how it was trained."""

    model: Annotated[Positional[str], arg(metavar="MODEL", help="a model of `iqlut models`, or a *.iqlut file")]
    json: options.Json = False
    debug: options.Debug = False

    def run(self) -> int:
        tables = options.model(self.model)
        own = sizes(tables, self.model)
        facts = own | flat(tables.about) | own  # the tables come first, and have the last word
        if self.json:
            print_json([facts])
        else:
            print_table(tables.name, [{"fact": name, "value": value} for name, value in facts.items()])
        return OK


@dataclass(frozen=True)
class Models:
    """List the models in this package."""

    json: options.Json = False
    debug: options.Debug = False

    def run(self) -> int:
        rows = [sizes(options.model(name), name) for name in api.models()]
        if self.json or not rows:
            print_json(rows)
        else:
            print_table("models", [{name: row[name] for name in row if name != "sha256"} for row in rows])
        return OK


def sizes(tables: Tables, name_or_path: str) -> dict[str, Any]:
    """The facts that follow from the tables themselves."""
    path = Path(name_or_path)
    shipped = name_or_path in api.models()
    return {
        "name": tables.name,
        "scale": tables.scale,
        "blocks": tables.blocks,
        "channels": tables.channels,
        "symmetry": tables.symmetry,
        "table_bytes": tables.table_bytes,
        "file_bytes": len(fileformat.to_bytes(tables)) if shipped else path.stat().st_size,
        "receptive_field_px": tables.receptive_field_px,
        "sha256": tables.sha256,
    }
