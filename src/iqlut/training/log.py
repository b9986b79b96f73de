"""The log of a run: one line of JSON for each row, and the same values for TensorBoard."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from iqlut.training import distributed
from iqlut.training.checkpoint import cannot_write

LOG = "log.jsonl"


class TrainingLog:
    """The log of a run in the folder `out`, which only the first process writes."""

    def __init__(self, out: Path) -> None:
        self._lines = self._board = None
        if distributed.is_first():
            from torch.utils.tensorboard import SummaryWriter  # imported here because it is slow

            self._lines = (out / LOG).open("a", encoding="utf-8")
            self._board = SummaryWriter(str(out))

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lines and self._board:
            for stream in (self._lines, self._board):
                with contextlib.suppress(OSError):  # a full disk: `write` has reported it
                    stream.close()

    def write(self, row: dict[str, Any]) -> None:
        """Append a row of values, one of which is `step`.

        Raises TrainingStopped if it cannot be written, for example because the disk is full.
        """
        if not self._lines or not self._board:
            return
        try:
            self._lines.write(json.dumps(row) + "\n")
            self._lines.flush()
            for name in row.keys() - {"step"}:
                self._board.add_scalar(name, row[name], row["step"])
            self._board.flush()
        except OSError as error:
            raise cannot_write(Path(self._lines.name), error) from None
