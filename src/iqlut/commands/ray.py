"""`iqlut ray`: a manifest of files, on many machines."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from iqlut.batch.planning import Plan
from iqlut.command_line.batch_report import Report
from iqlut.command_line.console import FAILED, OK, Stop, stop_on
from iqlut.command_line.progress import progress
from iqlut.command_line.upscale_arguments import UpscaleArguments


@dataclass(frozen=True, kw_only=True)
class _Manifest:
    manifest: Annotated[
        Positional[Path],
        arg(
            metavar="MANIFEST",
            help="JSON Lines or CSV with source and target",
            help_behavior_hint="",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class Ray(UpscaleArguments, _Manifest):
    """Upscale the files of a manifest on a Ray cluster, or on all cores of this machine.

    iqlut upscale photos -o larger --dry-run --json > manifest.json

    iqlut ray manifest.json --address ray://head:10001

    Each entry has a source and a target, whose ending says the format. What exists already is skipped, so the
    same command again goes on where it was stopped; what fails does not stop the rest. Needs Ray: iqlut[ray].
    """

    address: Annotated[
        str | None,
        arg(
            metavar="ADDRESS",
            help="of a running Ray",
            help_behavior_hint="(default: RAY_ADDRESS, or one started here)",
        ),
    ] = None
    workers: Annotated[
        int | None,
        arg(
            metavar="N",
            help="files at the same time, each on --threads cores",
            help_behavior_hint="(default: all)",
        ),
    ] = None

    def run(self) -> int:
        if importlib.util.find_spec("ray") is None or importlib.util.find_spec("pyarrow") is None:
            raise Stop("this command needs Ray: pip install 'iqlut[ray]'")
        from iqlut.ray import Cluster, manifest, upscale_manifest

        if self.workers is not None and self.workers < 1:
            raise Stop(f"--workers is {self.workers}, expected 1 or more")
        with stop_on(manifest.ManifestError):
            jobs = manifest.read(self.manifest)
        recipe = self.recipe(target_is_named=True, threads=self.threads or 1)
        report = Report(Plan(tuple(jobs)), self.json, self.quiet, "files")
        results = upscale_manifest(jobs, recipe, Cluster(self.address, self.workers))
        try:
            with (
                redirect_stdout(sys.stderr),  # Ray prints there of what it lost
                closing(results),
                stop_on(ConnectionError),
                progress(len(jobs), "files", self.quiet) as advance,
            ):
                for result in results:
                    report.add(result)
                    advance()
        finally:
            report.close()
        return FAILED if report.failed else OK
