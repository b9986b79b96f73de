"""`iqlut data check`: report what folders of images hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from iqlut.command_line import arguments
from iqlut.command_line.exit_codes import FAILED, OK, Stop, stop_on
from iqlut.command_line.output import complain, print_json, print_table
from iqlut.command_line.progress import progress

_SAID = {
    "mismatched": "not smaller by its scale than the high-resolution image of its name",
    "changed": "not the published image of this name",
    "extra": "not an image of the benchmark set",
}


@dataclass(frozen=True)
class Data:
    """Report what folders of images contain, and verify benchmark sets by checksum.

    Set5, Set14, B100, Urban100 and Manga109 are recognised by the names of their files; `verified`
    counts the images that equal the published ones byte for byte.

    In folders laid out like DIV2K and Flickr2K the high-resolution images are counted, and each
    low-resolution image must have the size of its high-resolution image divided by the scale.

    The exit code is 1 if anything is wrong.
    """

    action: Annotated[Positional[Literal["check"]], arg(metavar="check", help="the only action")]
    folders: Annotated[
        Positional[tuple[Path, ...]],
        arg(
            metavar="FOLDER...",
            help="folders to search, with all folders below them",
            help_behavior_hint="(required)",
        ),
    ]
    json: arguments.Json = False
    debug: arguments.Debug = False

    def run(self) -> int:
        from iqlut.evaluation import image_sets

        if not self.folders:
            raise Stop(
                "no folder is named, expected one or more folders of images; "
                "write `iqlut data check FOLDER...`"
            )
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
