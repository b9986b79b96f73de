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

from iqlut.training import checkpoint as states
from iqlut.training.log import LOG
from iqlut.training.loop import CHECKPOINT
from scripts.shared import learning_curves

ROOT = Path(__file__).parents[2]
KEPT, LOGS = ROOT / "checkpoints", ROOT / "results" / "logs"


def main(run: Path, name: str) -> None:
    saved = states.averaged_only(states.read(run / CHECKPOINT))
    if Path(saved["config"]["train"]["start"]).name == CHECKPOINT:
        saved["config"]["train"]["start"] = learning_curves.config_of(name).train.start
    torch.save(saved, KEPT / f"{name}.pt")
    shutil.copy(run / LOG, LOGS / f"{name}.jsonl")
    print(f"{KEPT / name}.pt: step {saved['step']:,}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
