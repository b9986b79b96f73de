"""Names and headers with control characters and markup: no command prints or writes them raw."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iqlut import cli
from iqlut.command_line import progress
from iqlut.printable_names import escaped
from iqlut.tables import file_format
from picture_files import noise
from random_tables import random_tables

# C0, an escape sequence that sets a title, C1 (CSI and next line), a directional override, half of
# a surrogate pair as in a name that is not UTF-8, and markup of rich.
HOSTILE = "a\x1b]0;x\x07\x9b31m\x85\u202e\udcff[red]b[bold]"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of hostile names: a picture, a folder of pictures, a model, and files of no use."""
    folder = tmp_path_factory.mktemp("hostile")
    noise("RGB", (7, 5)).save(folder / "plain.png")
    (folder / f"{HOSTILE}.png").write_bytes((folder / "plain.png").read_bytes())
    (folder / HOSTILE).mkdir()
    noise("RGB", (48, 40)).save(folder / "plain.png")
    (folder / HOSTILE / f"{HOSTILE}.png").write_bytes((folder / "plain.png").read_bytes())
    (folder / HOSTILE / f"broken{HOSTILE}.png").write_bytes(b"no picture")
    tables = random_tables(np.random.default_rng(5), channels=2, blocks=1)
    name = HOSTILE.replace("\udcff", "")
    tables = replace(tables, name=name, about={name: name, "config": {name: [name]}})
    (folder / f"{HOSTILE}.iqlut").write_bytes(file_format.to_bytes(tables))
    for ending in ("pt", "toml", "json", "mkv", "jpg"):
        (folder / f"{HOSTILE}.{ending}").write_text(f"\x1b[31m {name} = [", encoding="utf-8")
    return folder


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


@pytest.mark.parametrize("line", COMMANDS)
def test_no_command_prints_control_characters(line, place, capsys, monkeypatch):
    if line.startswith(("convert", "train")):
        pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")
    if line.startswith("ray"):
        pytest.importorskip("ray", reason="needs Ray: pip install 'iqlut[ray]'")
    monkeypatch.chdir(place)
    (place / "out").mkdir(exist_ok=True)
    cli.main([word.replace("{h}", HOSTILE) for word in line.split()])
    captured = capsys.readouterr()
    printed = captured.out + captured.err
    raw = {character for character in printed if not character.isprintable()} - {"\n"}
    assert printed and not raw, printed
    assert "Traceback" not in captured.err or "--debug" in line
    assert "is an error in iqlut" not in captured.err, captured.err


def test_model_names_are_no_markup(place, capsys, monkeypatch):
    monkeypatch.chdir(place)
    assert cli.main(["info", f"{HOSTILE}.iqlut"]) == 0
    assert "[red]b[bold]" in capsys.readouterr().out.splitlines()[0]


def test_progress_shows_names_escaped():
    shown = []

    class Bars:
        def add_task(self, what, total):
            shown.append(what)

        def update(self, task, description, completed, total):
            shown.append(description)

    progress.Progress(HOSTILE, 2, Bars()).update(HOSTILE, 1, 2)
    assert shown == [escaped(HOSTILE)] * 2 and "\\x9b31m\\x85\\u202e\\udcff" in shown[0]


def test_compare_writes_names_as_text(place, tmp_path, model):
    picture = tmp_path / "{{pictures}}<script>alert(1)<!--.png"
    noise("RGB", (9, 9)).save(picture)
    tables = file_format.read(model)
    named = tmp_path / "named.iqlut"
    named.write_bytes(file_format.to_bytes(replace(tables, name="</script><b>{{title}}<!--")))
    out = tmp_path / "page"
    command = ["compare", str(picture), "-m", str(named), "--engine", "reference", "-o", str(out)]
    assert cli.main(command) == 0
    page = out.with_suffix(".html").read_text(encoding="utf-8")
    assert page.count("<script") == page.count("</script") == 1 and "<!--" not in page
    assert page.count("{{pictures}}&lt;script&gt;alert(1)&lt;!--.png") == 2  # title and heading
    assert "\\u003c/script>\\u003cb>{{title}}\\u003c!--" in page
