"""`arduino`: the C runtime and the tables of a model as an Arduino library with an example."""

from __future__ import annotations

from iqlut.tables.integer_tables import Tables
from iqlut.targets import Files, c
from iqlut.targets.folder import identifier, runtime_files


def emit(tables: Tables) -> Files:
    """The library: its sources, and `iqlut_tables.h`, which gives the model a fixed name."""
    sources = c.emit(tables) | {"iqlut_tables.h": _fixed_names(tables)}
    return runtime_files("arduino", "**/*") | {
        f"src/{name}": data for name, data in sources.items()
    }


def _fixed_names(tables: Tables) -> bytes:
    word = identifier(tables.name)
    upper = word.upper()
    return f"""/* The model under a name that does not depend on it. This file is generated. */
#ifndef IQLUT_TABLES_H
#define IQLUT_TABLES_H

#include "{word}_tables.h"

#define IQLUT_TABLES {word}
#define IQLUT_TABLES_SCALE {upper}_SCALE
#define IQLUT_TABLES_BYTES(width) {upper}_BYTES(width)

#endif
""".encode()
