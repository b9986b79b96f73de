"""Upscale the files of a manifest on many machines, with a Ray Data pipeline.

    from iqlut.ray import upscale_manifest
    for result in upscale_manifest(jobs, options): ...

Each file is processed by the function that `iqlut upscale` uses. A target that exists is complete
and is skipped, so the results are the checkpoint of a run, and running it again resumes it. Needs
Ray: pip install 'iqlut[ray]'. See `docs/ray.md`.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from iqlut.batch.pending_jobs import remove_unfinished
from iqlut.batch.planning import Job, Plan
from iqlut.batch.results import Result
from iqlut.batch.upscale_options import UpscaleOptions
from iqlut.ray.worker_process import Child

__all__ = ["Cluster", "upscale_manifest"]

_TASK_FILES_MAX = 16
_TASKS_PER_CORE = 8  # the least number, so that all cores finish at about the same time
_STORE_BYTES = 1 << 27  # object store of a local Ray, small because rows are
# By worker and pickled options: a process that a worker forks must not use the same pipes.
_children: dict[tuple[int, bytes], Child] = {}


@dataclass(frozen=True)
class Cluster:
    """The cluster that does the work.

    address  of a running Ray; None starts a local one
    workers  number of files processed at the same time; None is as many as there are cores for
    """

    address: str | None = None
    workers: int | None = None


def upscale_manifest(
    jobs: Sequence[Job], options: UpscaleOptions, cluster: Cluster | None = None
) -> Generator[Result, None, None]:
    """Upscale all files and yield each result when it is available, in any order.

    The remaining files are not tried once the disk is full.
    """
    import ray

    cluster, options = cluster or Cluster(), replace(options, threads=options.threads or 1)
    remove_unfinished(Plan(tuple(jobs)))
    started_here = not ray.is_initialized()
    if started_here:
        _start(cluster, options)
    try:
        for row in _pipeline(jobs, options, cluster.workers).iter_rows():
            words = json.loads(row["result"])
            yield Result(**words | {"notes": tuple(words["notes"])})
            if row["full"]:
                return
    finally:
        if started_here:
            ray.shutdown()


def _start(cluster: Cluster, options: UpscaleOptions) -> None:
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    local: dict[str, Any] = {}
    address = cluster.address or "local"
    if address == "local":  # Ray would else join any that runs on this machine
        local = {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
        if cluster.workers is not None:
            local["num_cpus"] = cluster.workers * (options.threads or 1)
    ray.init(address, logging_level=logging.ERROR, log_to_driver=False, **local)


def _pipeline(jobs: Sequence[Job], options: UpscaleOptions, workers: int | None) -> Any:
    """Map rows of files to rows of results. Ray repeats the work of a machine that was lost."""
    import ray

    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    rows = [
        {name: os.fsencode(str(getattr(job, name))) for name in ("source", "target")}
        for job in jobs
    ]
    cores = int(ray.cluster_resources().get("CPU", 1))
    task_files = min(_TASK_FILES_MAX, -(-len(rows) // (_TASKS_PER_CORE * cores)))
    return ray.data.from_items(rows, override_num_blocks=-(-len(rows) // task_files)).map_batches(
        partial(_upscale_rows, pickled_options=pickle.dumps(options)),
        batch_size=None,
        batch_format="pyarrow",
        num_cpus=options.threads,
        concurrency=workers,
    )


def _upscale_rows(rows: Any, pickled_options: bytes) -> Any:
    """Map a table of files to a table of results, in a worker."""
    import pyarrow

    key = (os.getpid(), pickled_options)
    if key not in _children:
        _children[key] = Child(pickled_options)
    child = _children[key]
    done = []
    for row in rows.to_pylist():
        source, target = (Path(os.fsdecode(row[name])) for name in ("source", "target"))
        answer = child.do(Job(source, target, source.name))
        done.append({"result": json.dumps(asdict(answer.result)), "full": answer.full})
        if answer.full:
            break
    return pyarrow.Table.from_pylist(done)
