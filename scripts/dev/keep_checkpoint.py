"""Keep a run beside its configuration: `python -m scripts.dev.keep_checkpoint runs/NAME NAME`.

Writes checkpoints/NAME.pt, which holds the averaged network alone (enough to start another run and
to convert to the same tables, in a quarter of the bytes), and results/logs/NAME.jsonl, the log. If
the stage started from the run of another stage, the checkpoint names what was kept of that one.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import torch

from iqlut.network import configuration, stages
from iqlut.training import checkpoint as states
from iqlut.training.log import LOG
from iqlut.training.loop import CHECKPOINT

ROOT = Path(__file__).parents[2]
KEPT, LOGS = ROOT / "checkpoints", ROOT / "results" / "logs"


def main(run: Path, name: str) -> None:
    saved = states.averaged_only(states.read(run / CHECKPOINT))
    if Path(saved["config"]["train"]["start"]).name == CHECKPOINT:
        saved["config"]["train"]["start"] = _stage(name).train.start
    torch.save(saved, KEPT / f"{name}.pt")
    shutil.copy(run / LOG, LOGS / f"{name}.jsonl")
    print(f"{KEPT / name}.pt: step {saved['step']:,}")


def _stage(name: str) -> configuration.Config:
    """Return the configuration of the stage of which checkpoints/NAME.pt is kept."""
    files = map(stages.load, (ROOT / "configs").glob("*.toml"))
    kept = {Path(one.kept_as).stem: one.config for file in files for one in file.stages}
    return kept[name]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
