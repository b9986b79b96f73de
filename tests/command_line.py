"""What the tests of commands share: running one, and what a refusal looks like."""

from __future__ import annotations

import json

import pytest

from iqlut import cli
from iqlut.command_line import exit_codes


def upscale(model: str, *arguments: object) -> int:
    """`iqlut upscale` with a model and the reference engine; the exit code."""
    return cli.main(["upscale", "-m", model, "--engine", "reference", *map(str, arguments)])


def refuses(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> None:
    """What was captured is one sentence with these words; `code` is an exit code of refusal."""
    captured = capsys.readouterr()
    assert code in (exit_codes.FAILED, exit_codes.USAGE)
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1 and captured.err.startswith("iqlut: "), captured.err
    for word in words:
        assert word in captured.err


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What was printed is one JSON list of flat objects."""
    printed = json.loads(capsys.readouterr().out)
    assert isinstance(printed, list)
    assert all(not isinstance(value, list | dict) for row in printed for value in row.values())
    return printed
