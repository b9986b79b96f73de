"""Names and headers with control characters and markup: no command prints or writes them raw."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from iqlut import cli
from iqlut.command_line import progress
from iqlut.printable_names import escaped
from iqlut.tables import file_format
from picture_files import noise
from scripts.attack import hostile_text

HOSTILE = hostile_text.ALL_KINDS
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of hostile names: a picture, a folder of pictures, a model, and files of no use."""
    folder = tmp_path_factory.mktemp("hostile")
    hostile_text.make_files(folder, HOSTILE)
    return folder


@pytest.mark.parametrize("command", hostile_text.COMMANDS)
def test_no_command_prints_control_characters(command, place, capsys, monkeypatch):
    if command.startswith(("convert", "train", "bench train")):
        pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")
    if command.startswith("ray"):
        pytest.importorskip("ray", reason="needs Ray: pip install 'iqlut[ray]'")
    monkeypatch.chdir(place)
    cli.main(hostile_text.arguments_of(command, HOSTILE))
    captured = capsys.readouterr()
    assert hostile_text.problem_of(command, captured.out + captured.err) == ""


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("a\x9bb\n", "prints \\['\\\\x9b'\\] raw"),
        ("", "prints nothing"),
        ("Traceback", "'info': 'Traceback'"),
        ("failed, which is an error in iqlut", "'info': 'failed"),
        ("a\n", "^$"),
    ],
)
def test_what_is_wrong_is_found(printed, words):
    assert re.search(words, hostile_text.problem_of("info", printed))


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


def test_all_texts_can_be_names():
    assert len(set(hostile_text.TEXTS)) == 25 and not set("/\0") & set("".join(hostile_text.TEXTS))
