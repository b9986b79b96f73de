"""`iqlut ray`: upscale the files of a manifest on many machines."""

from __future__ import annotations

import importlib.util
import os
import sys
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from iqlut.batch.planning import Plan
from iqlut.command_line.batch_report import BatchReport
from iqlut.command_line.exit_codes import FAILED, OK, Stop, stop_on
from iqlut.command_line.progress import progress
from iqlut.command_line.upscale_arguments import UpscaleArguments
from iqlut.errors import ManifestError


@dataclass(frozen=True, kw_only=True)
class _Manifest:
    manifest: Annotated[
        Positional[Path],
        arg(
            metavar="MANIFEST",
            help="JSON or CSV file that lists the source and the target of each file",
            help_behavior_hint="",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class Ray(UpscaleArguments, _Manifest):
    """Upscale the files of a manifest on a Ray cluster, or on all cores of this machine.

    iqlut upscale photos -o larger --dry-run --json > manifest.json

    iqlut ray manifest.json --address ray://head:10001

    Each entry of the manifest has the path of a source and of a target, whose extension selects the
    file format. Files whose target exists are skipped, so the same command resumes an interrupted
    run, and a failure does not stop the rest. Needs Ray: pip install 'iqlut[ray]'.
    """

    address: Annotated[
        str | None,
        arg(
            metavar="ADDRESS",
            help="address of a running Ray cluster",
            help_behavior_hint="(default: the variable RAY_ADDRESS; if it is not set, a local "
            "cluster is started)",
        ),
    ] = None
    workers: Annotated[
        int | None,
        arg(
            metavar="N",
            help="number of files processed at the same time, each on --threads cores",
            help_behavior_hint="(default: as many as there are cores for)",
        ),
    ] = None

    def run(self) -> int:
        if importlib.util.find_spec("ray") is None or importlib.util.find_spec("pyarrow") is None:
            raise Stop(
                "Ray is not installed, which this command requires; run pip install 'iqlut[ray]'"
            )
        from iqlut.ray import Cluster, manifest, upscale_manifest

        if self.workers is not None and self.workers < 1:
            raise Stop(
                f"--workers is {self.workers}, expected 1 or more; leave it out to use all cores"
            )
        with stop_on(ManifestError):
            jobs = manifest.read(self.manifest)
        options = self.options(target_is_named=True, threads=self.threads or 1)
        report = BatchReport(Plan(tuple(jobs)), self.json, self.quiet, "files")
        address = self.address or os.environ.get("RAY_ADDRESS")
        results = upscale_manifest(jobs, options, Cluster(address, self.workers))
        try:
            with (
                redirect_stdout(sys.stderr),  # Ray prints on it what it lost
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
