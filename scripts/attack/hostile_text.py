"""Gives every command hostile names and headers, and looks for raw control characters.

    python -m scripts.attack.hostile_text [--trials 25] [--seed 1] [--results]

Each trial makes files whose names, and models whose headers, hold one of `TEXTS`, and runs all of
`COMMANDS` on them. Each command runs in a fork, so that what libraries write themselves counts as
well. Wrong are characters in stdout or stderr that are not printable, tracebacks without `--debug`,
errors that nobody foresaw, and commands that print nothing.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from iqlut.tables import file_format
from scripts.attack import seed_files, trials, workloads
from scripts.attack.trials import Trial, Trials
from scripts.shared.result_files import Row

# C0, an escape sequence that sets a title, C1 (CSI and next line), a directional override, half of
# a surrogate pair as in a name that is not UTF-8, and markup of rich.
ALL_KINDS = "a\x1b]0;x\x07\x9b31m\x85\u202e\udcff[red]b[bold]"
TEXTS = (
    ALL_KINDS,
    "\x1b[2J\x1b[H",  # clears the screen
    "\x1b]0;title\x07",
    "\x1b]8;;http:a\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;YQ==\x07",  # writes the clipboard
    "\x1bPq#0\x1b\\",  # a device control string
    "\x1b[6n\x1b[c",  # questions that a terminal answers
    "\x1b(0\x0e\x0f",  # other character sets
    "\x9b2J\x9d0;x\x9c",  # the same in C1
    "\x90\x98\x9e\x9f",
    "a\x85b\x84c",  # next line, index
    "a\nb\n",
    "a\rb",
    "a\b\b\bb",
    "a\tb\vc\fd",
    "\x07\x7f",
    "\u202eabc\u202d",  # directional overrides
    "\u2066a\u2069\u200f\u061c",  # directional isolates and marks
    "a\u2028b\u2029c",  # separators of lines and paragraphs
    "\u200b\u200d\ufeff\u2060",  # without width
    "\udc80\udcff\udc9b",  # bytes that are no UTF-8
    "\U000e0041\U000e007f\ufff9",  # tags, and annotations between lines
    "[red]a[bold][link=b]c\x1b[0m",
    "%s{0}{a.b}%n$(a)`b`\x1b[1m",
    "\ud7ff\uffff\x01\x02\x03\x04\x05\x06\x10\x1f",
)
COMMANDS = (
    "upscale {h}.png -o out/ -m {h}.iqlut",
    "upscale {h}.png -o out.{h} -m {h}.iqlut",
    "upscale {h} -o out/{h} -m {h}.iqlut --json",
    "upscale {h} -o out/{h} -m {h}.iqlut",
    "upscale {h} -o out2/{h} -m {h}.iqlut --dry-run --json",
    "upscale {h}.png -o {h}.png -m {h}.iqlut --debug",
    "upscale {h}.jpg {h}.mkv absent{h}.png -o out/ -m {h}.iqlut",
    "upscale plain.png -o p.png -m {h}",
    "upscale plain.png -o p.png --size {h}",
    "upscale plain.png -o p.png --shard {h}",
    "upscale plain.png -o p.png --format {h}",
    "upscale {h}.mkv -o {h}2.mkv -s 4 --frames {h}",
    "upscale plain.png -o p.png --{h}",
    "{h}",
    "compare {h}.png -m {h}.iqlut -o out/{h}",
    "compare {h}.jpg -m {h}.iqlut",
    "info {h}.iqlut",
    "info {h}.iqlut --json",
    "info {h}.toml",
    "models --{h}",
    "evaluate {h} -m {h}.iqlut --engine {h}",
    "evaluate {h} -m {h}.iqlut --engine reference --degrade {h}",
    "evaluate {h}.png -m {h}.iqlut",
    "bench -m {h}.iqlut --engines reference --size 9x9 --repeats 1",
    "bench train {h}.toml",
    "data check {h}",
    "data check {h} --json",
    "convert {h}.pt -o {h}2.iqlut",
    "convert {h}.pt -o {h}",
    "export {h} {h}.iqlut -o out/{h}3",
    "export c {h}.iqlut -o {h}",
    "train {h}.toml",
    "train absent{h}.toml",
    "train --init {h}",
    "train --init {h}.toml",
    "train search {h}.toml {h}.pt -o {h}4.toml",
    "ray {h}.json",
)


def make_files(folder: Path, text: str) -> None:
    """A picture, a folder of pictures, a model, and files of no use, all with hostile names."""
    picture = np.random.default_rng(1).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    Image.fromarray(picture[:5, :7]).save(folder / f"{text}.png")
    Image.fromarray(picture).save(folder / "plain.png")
    (folder / "out").mkdir()
    (folder / text).mkdir()
    shutil.copy(folder / "plain.png", folder / text / f"{text}.png")
    (folder / text / f"broken{text}.png").write_bytes(b"no picture")
    header = text.encode(errors="ignore").decode()  # a header is UTF-8
    about = {header: header, "config": {header: [header]}}
    tables = replace(seed_files.tables(), name=header[:100] or "a", about=about)
    (folder / f"{text}.iqlut").write_bytes(file_format.to_bytes(tables))
    for ending in ("pt", "toml", "json", "mkv", "jpg"):
        (folder / f"{text}.{ending}").write_text(f"\x1b[31m {header} = [", encoding="utf-8")


def arguments_of(command: str, text: str) -> tuple[str, ...]:
    """The arguments of one of `COMMANDS`."""
    return tuple(word.replace("{h}", text) for word in command.split())


def problem_of(command: str, printed: str) -> str:
    """What is wrong with what a command printed, or ""."""
    raw = {character for character in printed if not character.isprintable()} - {"\n"}
    if raw:
        return f"{command!r} prints {sorted(raw)} raw: {printed[-500:]!r}"
    if not printed:
        return f"{command!r} prints nothing"
    if "is an error in iqlut" in printed or ("Traceback" in printed and "--debug" not in command):
        return f"{command!r}: {printed[-500:]!r}"
    return ""


def attack(text: str, folder: Path) -> str:
    """Run all commands with a hostile text in a new folder, and return what was wrong, or ""."""
    folder.mkdir()
    make_files(folder, text)
    problems, said = [], folder.with_name("said")
    for command in COMMANDS:
        said.unlink(missing_ok=True)
        code = workloads.run(arguments_of(command, text), folder, said)
        printed = said.read_bytes().decode(errors="surrogateescape")
        problems.append(problem_of(command, printed))
        if code is None or code < 0:
            problems.append(f"{command!r} hung or ended with signal {code}")
    return "; ".join(filter(None, problems))


def main(arguments: Sequence[str] | None = None, measured_from: Row | None = None) -> int:
    """Run the command; the origin is that of now, unless one is given."""
    given = trials.parser("hostile_text", __doc__).parse_args(arguments)
    found = Trials("hostile_text", given, measured_from)
    if find_spec("torch") and find_spec("tomlkit"):  # takes seconds, also in each fork
        importlib.import_module("iqlut.training.run_stages")
    for number in found.missing(map(str, range(min(given.trials, len(TEXTS))))):
        with tempfile.TemporaryDirectory() as folder:
            found.add(number, Trial(attack(TEXTS[int(number)], Path(folder) / "a")))
    what = f"hostile names and headers, each in {len(COMMANDS)} commands: raw control characters"
    return found.report(what)


if __name__ == "__main__":
    os.environ["COLUMNS"] = "80"
    sys.exit(main())
