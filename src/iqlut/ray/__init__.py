"""Files by the million, on many machines: a Ray Data pipeline over a manifest. Needs Ray: `iqlut[ray]`.

    from iqlut.ray import upscale_manifest
    for result in upscale_manifest(jobs, recipe): ...

Each file is done by the function that `iqlut upscale` uses. What exists is complete and is skipped: the results are
the checkpoint, and the same run again goes on. `docs/ray.md`.
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
_TASKS_PER_CORE = 8  # at least, so that all cores end at about the same time
_STORE_BYTES = 1 << 27  # of a local Ray: rows are small
_children: dict[bytes, Child] = {}  # of this worker


@dataclass(frozen=True)
class Cluster:
    """Where the work is done.

    address  of a running Ray (RAY_ADDRESS, if None); without any a local one is started
    workers  files that are done at the same time; None: as many as there are cores for
    """

    address: str | None = None
    workers: int | None = None


def upscale_manifest(
    jobs: Sequence[Job], recipe: UpscaleOptions, cluster: Cluster | None = None
) -> Generator[Result, None, None]:
    """Upscale all; each result as it is there, in no order. After a full disk the rest is not tried."""
    import ray

    cluster, recipe = cluster or Cluster(), replace(recipe, threads=recipe.threads or 1)
    remove_unfinished(Plan(tuple(jobs)))
    started_here = not ray.is_initialized()
    if started_here:
        _start(cluster, recipe)
    try:
        for row in _pipeline(jobs, recipe, cluster.workers).iter_rows():
            words = json.loads(row["result"])
            yield Result(**words | {"notes": tuple(words["notes"])})
            if row["full"]:
                return
    finally:
        if started_here:
            ray.shutdown()


def _start(cluster: Cluster, recipe: UpscaleOptions) -> None:
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    local: dict[str, Any] = {}
    address = cluster.address or os.environ.get("RAY_ADDRESS") or "local"
    if address == "local":  # else Ray takes any that runs here
        local = {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
        if cluster.workers is not None:
            local["num_cpus"] = cluster.workers * (recipe.threads or 1)
    ray.init(address, logging_level=logging.ERROR, log_to_driver=False, **local)


def _pipeline(jobs: Sequence[Job], recipe: UpscaleOptions, workers: int | None) -> Any:
    """Rows of files to rows of results. Ray tries again what was lost with a machine."""
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
        partial(_upscale_rows, recipe=pickle.dumps(recipe)),
        batch_size=None,
        batch_format="pyarrow",
        num_cpus=recipe.threads,
        concurrency=workers,
    )


def _upscale_rows(rows: Any, recipe: bytes) -> Any:
    """What a worker does: a table of files to a table of results."""
    import pyarrow

    child = _children.get(recipe) or _children.setdefault(recipe, Child(recipe))
    done = []
    for row in rows.to_pylist():
        source, target = (Path(os.fsdecode(row[name])) for name in ("source", "target"))
        answer = child.do(Job(source, target, source.name))
        done.append({"result": json.dumps(asdict(answer.result)), "full": answer.full})
        if answer.full:
            break
    return pyarrow.Table.from_pylist(done)
