"""Trials of shapes: scored on structure that they have not seen, and timed by their tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="trials need PyTorch: pip install 'iqlut[train]'")

import iqlut
from iqlut.tables import shipped_models
from scripts.measure import shape_times, structure_set, training_trials
from scripts.shared import result_files

TRAINING_IMAGES = Path(__file__).parents[2] / "shared" / "data" / "train"


def test_a_shape_is_not_trained_on_what_scores_it() -> None:
    assert len(set(structure_set.IMAGES)) == 24
    config = training_trials.config_of("taps", "any", ["model.blocks=2"])
    assert set(structure_set.IMAGES) < set(config.train.exclude)
    assert not set(structure_set.IMAGES) & set(
        training_trials.config_of("recipe", "any", []).train.exclude
    )


def test_the_set_is_made_of_links(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        structure_set.link(tmp_path, tmp_path / "absent")
    if not TRAINING_IMAGES.is_dir():
        pytest.skip("the training images are not there (docs/training.md)")
    folder = structure_set.link(TRAINING_IMAGES, tmp_path / "structure")
    assert sorted(file.stem for file in folder.iterdir()) == sorted(structure_set.IMAGES)
    for stem in structure_set.LEFT_OUT:
        assert (TRAINING_IMAGES / f"{stem}.webp").is_file()


def test_times_are_of_the_tables_that_were_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_trials, "ROOT", tmp_path)
    monkeypatch.setattr(result_files, "RESULTS", tmp_path)
    monkeypatch.setattr(shape_times, "SIZE", (16, 9))
    monkeypatch.setattr(shape_times, "ROUNDS", 1)
    kept = iqlut.load("l8c8-x4")
    place = training_trials.tables_path(kept.sha256)
    place.parent.mkdir(parents=True)
    rows = [
        {"group": "recipe", "trial": "no tables"},
        {"group": "taps", "trial": "lost", "tables_sha256": "0" * 64},
        {"group": "taps", "trial": "kept", "tables_sha256": kept.sha256},
    ]
    (tmp_path / "trials.json").write_text(json.dumps(rows))
    with pytest.raises(SystemExit, match="no tables of trials"):
        shape_times.main()
    shipped_models.save(kept, place)
    shape_times.main()
    before, lost, timed = json.loads((tmp_path / "trials.json").read_text())
    assert [before, lost] == rows[:2]
    assert timed["time_to_pillow_bicubic"] > 0 and timed["time_origin"]["cpu"]
