"""`iqlut data check`: what a folder of images holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from iqlut.command_line import arguments
from iqlut.command_line.console import FAILED, OK, complain, print_json, print_table, stop_on
from iqlut.command_line.progress import progress

_SAID = {"mismatched": "not so many times smaller than an HR image of its name"}


@dataclass(frozen=True)
class Data:
    """Say what folders of images hold, and verify the benchmark sets by checksum.

    Set5, Set14, B100, Urban100 and Manga109 are known by the names of their files: `verified` counts the images that
    are the field's, byte for byte. Of folders laid out as DIV2K and Flickr2K are distributed the HR images are counted;
    the sizes of LR images beside them must be theirs divided by the scale. The exit code is 1 where anything is wrong.
    """

    action: Annotated[
        Positional[Literal["check"]], arg(metavar="check", help="the only thing to do so far")
    ]
    folders: Annotated[
        Positional[tuple[Path, ...]], arg(metavar="FOLDER...", help="searched recursively")
    ]
    json: arguments.Json = False
    debug: arguments.Debug = False

    def run(self) -> int:
        from iqlut.evaluation import image_sets

        reports = []
        with stop_on(ValueError, code=FAILED):
            for folder in self.folders:
                with progress(len(image_sets.image_files(folder)), folder.name) as advance:
                    reports.append(image_sets.check(folder, advance))
        rows = [{**asdict(report), "good": report.good} for report in reports]
        counted = ("unreadable", "mismatched", "changed", "missing", "extra")
        if self.json:
            print_json(rows)
        else:
            brief = [
                {name: len(row[name]) if name in counted else row[name] for name in row}
                for row in rows
            ]
            print_table("folders of images", brief)
        for report in reports:
            for what in counted:
                for name in getattr(report, what):
                    complain(f"{report.folder}: {name} is {_SAID.get(what, what)}")
        return OK if all(report.good for report in reports) else FAILED
