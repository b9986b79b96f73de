"""The restoration strength of a film: chosen once, from frames of its beginning, and kept by a resumed run."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="films need PyAV: pip install 'iqlut[video]'")

import film_files as made  # noqa: E402
import iqlut  # noqa: E402
from iqlut import api, cli, films, restoration  # noqa: E402
from iqlut.batch.one_film import enlarger_of  # noqa: E402
from iqlut.batch.recipe import Recipe  # noqa: E402
from iqlut.batch.sizes import Size  # noqa: E402
from iqlut.dial import Dial  # noqa: E402


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    return made.write_video(tmp_path / "noisy.mkv", made.pictures(6, 64, 48))


def upscaled(source: Path, target: Path, dial_file: str, capsys: pytest.CaptureFixture[str], *more: str) -> dict:
    command = ["upscale", str(source), "-o", str(target), "-m", dial_file, "--codec", "ffv1", "--json", *more]
    assert cli.main(command) == 0
    (row,) = json.loads(capsys.readouterr().out)
    return row


def test_a_film_is_judged_by_its_frames(
    noisy: Path, dial_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    big = tmp_path / "big.mkv"
    row = upscaled(noisy, big, dial_file, capsys)
    dial, small = iqlut.load(dial_file), made.decoded(noisy)
    assert isinstance(dial, Dial)
    choice = restoration.choose([small[0][1][0]])
    assert (row["restore"], row["restore_reason"]) == (choice.strength, choice.reason) and choice.strength > 0
    upscale = api.enlarger(dial.at(choice.strength), "reference", 1)
    for (_, planes), (_, larger) in zip(small, made.decoded(big), strict=True):
        np.testing.assert_array_equal(upscale(planes[0]), larger[0])


def test_a_film_at_a_strength_of_ones_own(
    noisy: Path, dial_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = upscaled(noisy, tmp_path / "big.mkv", dial_file, capsys, "--restore", "0.5")
    assert (row["restore"], row["restore_reason"]) == (0.5, "as asked for")


def test_a_resumed_film_keeps_its_strength(noisy: Path, dial_file: str, tmp_path: Path, monkeypatch) -> None:
    """A later beginning would be judged otherwise; the first frames decide also when they are done already."""
    monkeypatch.setattr("iqlut.films.segments.GROUP", 2)
    dial = iqlut.load(dial_file)
    enlarger = enlarger_of(dial, Recipe((dial,), Size(2), "reference", 1))
    left = [4]

    def interrupt() -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    target, options = tmp_path / "big.mkv", films.Options("ffv1")
    with pytest.raises(KeyboardInterrupt):
        films.upscale(films.probe(noisy), target, enlarger, options, interrupt)
    outcome = films.upscale(films.probe(noisy), target, enlarger, options, lambda: None)
    assert outcome.resumed == 2 and outcome.choice is not None
    straight = films.upscale(films.probe(noisy), tmp_path / "straight.mkv", enlarger, options, lambda: None)
    assert straight.choice == outcome.choice
    for (_, one), (_, other) in zip(made.decoded(target), made.decoded(tmp_path / "straight.mkv"), strict=True):
        np.testing.assert_array_equal(one[0], other[0])


def test_a_film_from_a_pipe_loses_no_frame(noisy: Path, dial_file: str) -> None:
    """Some of it is read before anything is enlarged."""
    dial = iqlut.load(dial_file)
    enlarger = enlarger_of(dial, Recipe((dial,), Size(2), "reference", 1))
    small, big = io.BytesIO(), io.BytesIO()
    film = films.probe(noisy)
    plain = films.Enlarger(lambda luma: luma, 1, "same")
    films.upscale_to_y4m(film, small, plain, films.Part(), lambda: None)
    small.seek(0)
    outcome = films.upscale_y4m(small, "pipe", big, enlarger, films.Part())
    assert outcome.frames == film.frames == 6
    assert outcome.choice is not None and outcome.choice.strength > 0
