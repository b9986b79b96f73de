"""The ablations: of equal length, each what its name says, run resumably and shown from what was
measured.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scripts.measure import ablation_runs as ablations
from scripts.render import ablation_table
from scripts.shared import result_files


def test_every_configuration_is_one_of_them_and_all_are_as_long() -> None:
    assert sorted(ablations.NAMES) == sorted(path.stem for path in ablations.CONFIGS.glob("*.toml"))
    configs = {name: ablations.of(name) for name in ablations.NAMES}
    assert all(config.name == name for name, config in configs.items())
    assert (
        len(
            {
                (one.train.steps, one.train.batch, one.train.patch, one.train.loss)
                for one in configs.values()
            }
        )
        == 1
    )
    parts = {name: (one.model.interpolate, one.model.residual) for name, one in configs.items()}
    four = [parts[name] for name in ("plain", "dpfi", "residual", "dpfi-residual")]
    assert four == [(False, False), (True, False), (False, True), (True, True)]
    assert parts["ecnn-l8c8"] == (False, False) and configs["ecnn-l8c8"].model.levels == 256
    for name, config in configs.items():
        if name.startswith("stage2"):
            assert config.train.start == "runs/ablation/teacher/checkpoint.pt"
            assert bool(config.train.teacher) == ("distilled" in name)
            assert (config.model.knot_a != config.model.knot_b) == ("nuqd" in name)
            assert ablations.NAMES.index("teacher") < ablations.NAMES.index(name)
    shorter = ablations.of("stage2", 5, Path("runs/ablation-5")).train
    assert (shorter.steps, shorter.start) == (5, "runs/ablation-5/teacher/checkpoint.pt")


@pytest.mark.slow
def test_they_run_once_and_again_where_a_value_changed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    configs = tmp_path / "configs"
    configs.mkdir()
    pixels = np.random.default_rng(3).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    for name in ("images", *ablations.SETS):
        (tmp_path / name).mkdir()
        Image.fromarray(pixels).save(tmp_path / name / "one.png")
    train = 'data = "images"\nvalidation = "images"\nsteps = 1\nbatch = 1\npatch = 8\n'
    for name, more in (
        ("teacher", ""),
        ("stage2", 'start = "runs/ablation/teacher/checkpoint.pt"\n'),
    ):
        text = f'name = "{name}"\n[model]\nblocks = 1\nchannels = 2\n[train]\n{train}{more}'
        (configs / f"{name}.toml").write_text(text)
    monkeypatch.setattr(ablations, "CONFIGS", configs)
    monkeypatch.setattr(ablations, "NAMES", ("teacher", "stage2"))
    monkeypatch.setattr(ablations, "RESULTS", tmp_path / "ablations.json")

    def run(*arguments: str) -> list[dict[str, Any]]:
        monkeypatch.setattr(sys, "argv", ["ablations.py", str(tmp_path), *arguments])
        ablations.main()
        return json.loads((tmp_path / "ablations.json").read_text())

    rows = run()
    assert [row["name"] for row in rows] == ["teacher", "stage2"]
    assert rows[0]["Set5"] > 5 and rows[0]["steps"] == 1 and rows[0]["tables_sha256"]
    capsys.readouterr()
    assert run() == rows
    assert capsys.readouterr().out.count("done before") == 2
    with pytest.raises(SystemExit):
        run("nothing")


def test_what_is_shown_is_what_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "ablations.json"
    monkeypatch.setattr(ablations, "RESULTS", results)
    monkeypatch.setattr(result_files, "RESULTS", tmp_path)
    (tmp_path / "published.json").write_text(
        json.dumps({"ablations": {"dpfi": {"Set5": 1, "Set14": 2, "B100": 3}}})
    )
    assert "Not measured yet" in ablation_table.render()
    row = {
        "name": "dpfi",
        "Set5": 30.126,
        "Set14": 27,
        "B100": 26,
        "table_bytes": 2048,
        "steps": 10,
        "batch": 4,
    }
    row |= {
        "patch": 48,
        "origin": {"commit": "c", "cpu": "p", "date": "d"},
        "config_sha256": ablations.fingerprint(ablations.of("dpfi")),
    }
    results.write_text(json.dumps([row]))
    line = (
        "| dpfi | 16, 16, 16 | yes | no | uniform |  | 2 KiB | 30.13 | 27.00 | 26.00 | 1.00 "
        "/ 2.00 / 3.00 |"
    )
    assert (
        line in ablation_table.render()
        and "10 steps of 4 patches of 48x48" in ablation_table.render()
    )
    assert "Not measured yet: plain, residual" in ablation_table.render()
    assert ablations.expected_sha256(row) == row["config_sha256"]
    assert ablations.expected_sha256({"name": "gone"}) is None


def test_missing_data_end_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def message(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["ablation_runs", *arguments])
        with pytest.raises(SystemExit) as stopped:
            ablations.main()
        assert "\n" not in str(stopped.value)
        return str(stopped.value)  # a string makes the exit code 1

    monkeypatch.chdir(tmp_path)
    assert "Set5" in message("nowhere") and "do not exist" in message("nowhere")
    for name in ablations.SETS:
        (tmp_path / name).mkdir()
    assert "the images of the run plain" in message(".", "plain")
    train = 'data = "Set5"\nvalidation = "Set5"\nstart = "runs/ablation/teacher/checkpoint.pt"\n'
    monkeypatch.setattr(ablations, "CONFIGS", tmp_path)
    (tmp_path / "stage2.toml").write_text(f'name = "stage2"\n[train]\n{train}')
    assert "begins with the checkpoint of teacher, which was not trained" in message(".", "stage2")
