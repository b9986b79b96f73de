"""Keeps a run beside its configuration: `python scripts/keep_checkpoint.py runs/NAME NAME`.

Writes checkpoints/NAME.pt, the averaged network alone (it starts other runs and converts to the same tables, in a
quarter of the bytes), and checkpoints/NAME.jsonl, the log.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import torch

from iqlut.training import checkpoint as states
from iqlut.training.loop import CHECKPOINT

KEPT = Path(__file__).parents[1] / "checkpoints"


def main(run: Path, name: str) -> None:
    saved = states.read(run / CHECKPOINT)
    saved["network"] = saved["ema"]
    saved["optimiser"] = {"state": {}, "param_groups": []}
    torch.save(saved, KEPT / f"{name}.pt")
    shutil.copy(run / "log.jsonl", KEPT / f"{name}.jsonl")
    print(f"{KEPT / name}.pt: step {saved['step']:,}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
