"""`iqlut convert`: a checkpoint in, integer tables out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from iqlut.command_line import arguments, output_files
from iqlut.command_line.exit_codes import FAILED, OK, Stop, stop_on
from iqlut.command_line.output import complain, narrate
from iqlut.tables import file_format


@dataclass(frozen=True)
class Convert:
    """Convert a checkpoint to integer tables.

    Needs PyTorch: pip install 'iqlut[train]'. Tables whose sums could overflow are refused, never
    clipped.
    """

    checkpoint: Annotated[
        Positional[Path], arg(metavar="CHECKPOINT", help="a checkpoint of `iqlut train`")
    ]
    output: Annotated[
        Path, arg(aliases=("-o",), metavar="FILE", help="model file to write, *.iqlut")
    ]
    score: Annotated[
        tuple[Path, ...],
        arg(
            metavar="FOLDER...",
            help="folders of high-resolution images; the PSNR of the tables on them is stored in "
            "FILE",
            help_behavior_hint="",
        ),
    ] = ()
    overwrite: Annotated[bool, arg(help="replace FILE if it exists", help_behavior_hint="")] = False
    debug: arguments.Debug = False

    def run(self) -> int:
        self._check_output()
        from iqlut.evaluation import scores
        from iqlut.training import checkpoint_to_tables

        with stop_on(ValueError, RuntimeError, OSError, code=FAILED):
            converted = checkpoint_to_tables.converted(self.checkpoint)
            tables = converted.tables
            if converted.unfinished:
                complain(
                    f"warning: {self.checkpoint} is at step {converted.unfinished}, expected a "
                    "finished run; "
                    "the file will record it"
                )
            if self.score:
                tables = scores.with_scores(tables, self.score)
            data = file_format.to_bytes(tables)
        output_files.write({self.output: data}, self.overwrite)
        narrate(
            f"{self.output}: {tables.name}, {tables.table_bytes} bytes of tables in a file of "
            f"{len(data)}"
        )
        return OK

    def _check_output(self) -> None:
        output_files.check_no_folder(self.output)
        if self.output.suffix != ".iqlut":
            found = f"ends in {self.output.suffix}" if self.output.suffix else "has no extension"
            raise Stop(f"{self.output} {found}, expected .iqlut; rename it")
        output_files.check_folder(self.output)
        output_files.check_new(self.output, self.overwrite)
