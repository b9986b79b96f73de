"""Checks that every file of results/ describes what ships: `python -m
scripts.render.check_results`.

A file is stale if it was measured on other tables or configurations, under another version of the
arithmetic, or on a source with uncommitted changes, if a shipped model has no row in it, or if no
entry of `RESULTS_FILES` says how it is measured and where it is shown. Each stale file is named on
stderr with the command that renews it, and the exit code is 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import iqlut
from iqlut import arithmetic
from scripts.attack.outcomes import RUNNERS
from scripts.measure import (
    ablation_runs,
    damage_versions,
    engine_figures,
    firmware,
    restoration_strengths,
    silicon,
    training_trials,
)
from scripts.shared import result_files
from scripts.shared.result_files import ORIGIN_FIELDS, Row

# Rows up to this date were measured with uncommitted changes, before that was refused: short
# training runs, and the times of the engines, where documents alone had changed. The documents show
# their commits with "-dirty". Measuring again removes the exception.
DIRTY_UNTIL = {
    "trials": "2026-11-26",
    "ablations": "2026-11-25",
}


@dataclass(frozen=True)
class ResultsFile:
    """How results/NAME.json is kept up to date.

    renew      the command that measures it again
    shown_in   the documents that show its numbers, relative to the repository
    problems   yields what in the file is not as shipped, given its contents
    """

    renew: str
    shown_in: tuple[str, ...]
    problems: Callable[[Any], Iterator[str]]


def _of_models(required: Callable[[], set[str]]) -> Callable[[Any], Iterator[str]]:
    """Return a check of a file that was measured at once on the models that `required` names."""

    def problems(contents: Any) -> Iterator[str]:
        yield from _tables_problems(contents["meta"].get("tables_sha256", {}), required())
        mentioned = {row["model"] for row in contents["rows"] if row.get("model")}
        for name in sorted(required() - mentioned if mentioned else ()):
            yield f"it has no row of the shipped model {name}"

    return problems


def _tables_problems(measured: dict[str, str], required: set[str]) -> Iterator[str]:
    shipped = set(iqlut.models())
    for name in sorted(set(measured) | required):
        if name not in shipped:
            yield f"it was measured on {name}, which is not shipped"
        elif name not in measured:
            yield f"it was not measured on the shipped model {name}"
        elif measured[name] != iqlut.load(name).sha256:
            yield f"it was measured on other tables than the shipped {name}"


def _of_one_model(contents: Any) -> Iterator[str]:
    for row in contents:
        model = row.get("model", "")
        if model and "tables_sha256" in row:
            yield from _tables_problems({model: row["tables_sha256"]}, {model})
        else:
            yield "a row does not state the model and its tables_sha256"


def _of_circuits(contents: Any) -> Iterator[str]:
    """Check modules that were synthesised: of the shipped tables, and of the circuit as it is."""
    yield from _of_one_model(contents)
    for row in contents:
        if silicon.expected_sha256(row) != row.get("circuit_sha256"):
            yield f"its row {row['command']!r} was measured on another circuit"


def _of_configurations(expected: Callable[[Row], str | None]) -> Callable[[Any], Iterator[str]]:
    """Return a check of training runs; `expected` gives the checksum of a row's configuration
    today.
    """

    def problems(contents: Any) -> Iterator[str]:
        for row in contents:
            if expected(row) != row.get("config_sha256"):
                name = row.get("name") or row.get("trial") or row["command"]
                yield f"its row {name!r} was measured with another configuration"

    return problems


def _published(contents: Any) -> Iterator[str]:
    if not contents["meta"].get("source"):
        yield "it does not name its source"


def _attacks(contents: Any) -> Iterator[str]:
    for runner in sorted(set(RUNNERS) - {row["runner"] for row in contents}):
        yield f"it has no row of scripts.attack.{runner}"
    for row in contents:
        if row["wrong"]:
            yield f"{row['attack']}: {row['wrong']} of {row['trials']} trials were wrong"


RESULTS_FILES = {
    "quality": ResultsFile(
        "make results", ("README.md", "docs/results.md"), _of_models(lambda: set(iqlut.models()))
    ),
    "speed": ResultsFile(
        "make figures", ("README.md", "docs/results.md"), _of_models(lambda: set(iqlut.models()))
    ),
    "figures": ResultsFile(
        "make figures", ("docs/kernel.md",), _of_models(lambda: {engine_figures.MODEL})
    ),
    "restoration": ResultsFile(
        "make results", ("docs/restoration.md",), _of_models(restoration_strengths.models)
    ),
    "ablations": ResultsFile(
        "python -m scripts.measure.ablation_runs FOLDER",
        ("docs/ablations.md",),
        _of_configurations(ablation_runs.expected_sha256),
    ),
    "trials": ResultsFile(
        "python -m scripts.measure.training_trials GROUP NAME CHANGES",
        ("docs/training.md", "docs/frontier.md"),
        _of_configurations(training_trials.expected_sha256),
    ),
    "damage_versions": ResultsFile(
        "python -m scripts.measure.damage_versions 4000",
        ("docs/restoration.md",),
        _of_configurations(damage_versions.expected_sha256),
    ),
    "batch": ResultsFile(
        "python -m scripts.measure.interrupted_batch FOLDER --results",
        ("docs/pictures.md",),
        _of_one_model,
    ),
    "picture_memory": ResultsFile(
        "python -m scripts.measure.picture_memory --results", ("docs/pictures.md",), _of_one_model
    ),
    "videos": ResultsFile(
        "python -m scripts.measure.video_speed 6 CLIP --model NAME --results",
        ("docs/videos.md",),
        _of_one_model,
    ),
    "firmware": ResultsFile(
        "python -m scripts.measure.firmware",
        ("docs/firmware.md",),
        _of_models(lambda: set(firmware.MODELS)),
    ),
    "attacks": ResultsFile("make attack", ("SECURITY.md",), _attacks),
    "silicon": ResultsFile("make silicon", ("docs/silicon.md",), _of_circuits),
    "published": ResultsFile(
        "the papers it names", ("README.md", "docs/results.md", "docs/ablations.md"), _published
    ),
}


def stale_files() -> list[str]:
    """Return a sentence for every results file that does not describe what ships."""
    present = {path.stem for path in result_files.RESULTS.glob("*.json")}
    sentences = [
        f"results/{name}.json has no entry in RESULTS_FILES of scripts/render/check_results.py: "
        "add one that says how it is measured, or delete the file"
        for name in sorted(present - set(RESULTS_FILES))
    ]
    for name, file in RESULTS_FILES.items():
        found = list(_problems(name, file)) if name in present else ["it does not exist"]
        if found:
            rest = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            sentences.append(f"results/{name}.json is stale: {found[0]}{rest}; run {file.renew}")
    return sentences


def _problems(name: str, file: ResultsFile) -> Iterator[str]:
    path = result_files.RESULTS / f"{name}.json"
    contents = json.loads(path.read_text(encoding="utf-8"))
    if name != "published":
        stated = contents if isinstance(contents, list) else [contents["meta"]]
        if not (contents if isinstance(contents, list) else contents["rows"]):
            yield "it has no rows"
        for one in stated:
            yield from _origin_problems(one.get("origin", {}), DIRTY_UNTIL.get(name, ""))
    yield from file.problems(contents)
    for document in file.shown_in:
        if not (result_files.ROOT / document).exists():
            yield f"{document}, which should show it, does not exist"


def _origin_problems(stated: Row, dirty_until: str) -> Iterator[str]:
    missing = [field for field in ORIGIN_FIELDS if field not in stated]
    if missing:
        yield f"its origin does not state {', '.join(missing)}"
        return
    if stated["arithmetic"] != arithmetic.VERSION:
        yield (
            f"it was measured with version {stated['arithmetic']} of the arithmetic, "
            f"and this is version {arithmetic.VERSION}"
        )
    if stated["commit"].endswith("-dirty") and stated["date"] > dirty_until:
        yield f"it was measured on {stated['commit']}, a source with uncommitted changes"


if __name__ == "__main__":
    if found := stale_files():
        sys.exit("\n".join(found))
