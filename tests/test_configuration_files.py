"""Configuration files: stages, overrides, invalid files, and the files of this repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="configurations need msgspec: pip install 'iqlut[train]'")

from configurations import without_folders
from iqlut.network import configuration, stages
from iqlut.network.configuration import BadConfig
from iqlut.tables import shipped_models

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "configs").rglob("*.toml"))
EXAMPLES = ("6fda61f9de1a", "96942fd11724")  # photographs that are shown, never trained on
THREE = """
name = "trial"
[model]
blocks = 2
[train]
steps = 10
[[stage]]
name = "one"
[stage.train]
start = "other.pt"
[[stage]]
name = "two"
[stage.train]
steps = 5
[[stage]]
name = "three"
[stage.model]
blocks = 3
[stage.train]
start = ""
"""


def read(text: str, tmp_path: Path) -> stages.Stages:
    path = tmp_path / "trial.toml"
    path.write_text(text, encoding="utf-8")
    return stages.load(path)


def test_a_stage_starts_from_the_one_before_unless_it_says_otherwise(tmp_path: Path) -> None:
    one, two, three = read(THREE, tmp_path).stages
    assert [stage.config.train.start for stage in (one, two, three)] == [
        "other.pt",
        "checkpoints/trial-one.pt",
        "",
    ]
    assert [stage.follows for stage in (one, two, three)] == [False, True, False]
    assert [stage.config.train.steps for stage in (one, two, three)] == [10, 5, 10]
    assert [stage.config.model.blocks for stage in (one, two, three)] == [2, 2, 3]
    assert three.kept_as == "checkpoints/trial.pt"
    assert configuration.load(tmp_path / "trial.toml", "two") == two.config
    assert configuration.load(tmp_path / "trial.toml") == three.config


def test_overrides_hold_in_every_stage(tmp_path: Path) -> None:
    changed = read(THREE, tmp_path).overridden({"train.steps": 3, "model.channels": 4})
    assert {(one.config.train.steps, one.config.model.channels) for one in changed.stages} == {
        (3, 4)
    }


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("train.steps=3000", ("train.steps", 3000)),
        ("train.learning_rate = 1e-3", ("train.learning_rate", 1e-3)),
        ("train.loss=psnr", ("train.loss", "psnr")),
        ('name="a b"', ("name", "a b")),
        ("model.levels=[7, 5]", ("model.levels", [7, 5])),
        ("model.residual=false", ("model.residual", False)),
        ("name=1\nother=2", ("name", "1\nother=2")),
    ],
)
def test_overrides_are_written_as_in_toml(text: str, pair: tuple[str, Any]) -> None:
    assert configuration.parse_override(text) == pair


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"train.stepz": 1}, "there is no option train.stepz, expected one of train.data"),
        (
            {"trains.steps": 1},
            "there is no option trains.steps, expected one of name, purpose, model.scale",
        ),
        ({"train.steps": "x"}, "train.steps is 'x', expected a whole number from 0"),
    ],
)
def test_bad_overrides_are_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadConfig, match=re.escape(sentence)):
        configuration.override(configuration.Config(), changes)
    with pytest.raises(BadConfig, match=r"expected NAME=VALUE"):
        configuration.parse_override("train.steps")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (THREE.replace('"two"', '"one"'), "has more than one stage 'one'"),
        (THREE.replace('name = "two"', ""), "the name of a stage is None"),
        (THREE.replace('"two"', '"../two"'), "expected letters, digits and hyphens"),
        (THREE.replace("steps = 5", "stepz = 5"), "stage 'two': there is no option train.stepz"),
        (
            THREE + "\n[[stage]]\nname = 'four'\nsteps = 3",
            "a stage has no option steps, expected one of name, model",
        ),
        ("stage = 3", "expected a list of tables; write [[stage]]"),
        ("[train]\nsteps = ", "is not valid TOML"),
        ("[model]\nblocks = 1e9", "model.blocks is 1000000000.0, expected a whole number from 1"),
        ("[model]\nblocks = nan", "model.blocks is nan, expected a whole number from 1 to 64"),
        ("[train]\nlearning_rate = inf", "train.learning_rate is inf, expected a number above 0"),
        ("[train]\nsteps = 99999999999999999999", "expected a whole number from 0"),
        ("[model]\nresidual = 1", "model.residual is 1, expected true or false"),
        ("[model]\nspatial_channels = 9", "model.spatial_channels is 9, expected a multiple of"),
        (
            "[model]\nupsample_spatial_channels = 4",
            "model.upsample_spatial_channels is 4 with a kernel of 2, expected a kernel of 3",
        ),
        ("[model]\nspatial_channels = [4, 4]", "expected one number or 7, one for each block"),
        (
            "[model]\nnegative = true\nfirst_levels = 9",
            "model.first_levels is 9 with negative = true, expected 2, 4, 6, 16,",
        ),
        (
            "[model]\nnegative = true\nknots = 'learned'",
            "model.knots is 'learned' with negative = true, expected 'fixed'",
        ),
        (
            "[model]\nsymmetry = 8\nnegative = true\nupsample_kernel = 3",
            "model.symmetry is 8 and negative = true with 8 channels, expected one of",
        ),
        (
            "[model]\nlevels = [7, 1]",
            "model.levels is [7, 1], expected a whole number from 2 to 256",
        ),
    ],
)  # fmt: skip
def test_bad_files_are_refused_in_a_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=re.escape(sentence)) as refused:
        read(text, tmp_path)
    assert "\n" not in str(refused.value)


def test_an_unknown_stage_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"has no stage 'four'; its stages are one, two, three"):
        read(THREE, tmp_path).stage("four")
    with pytest.raises(BadConfig, match="it has no stages; leave --stage out"):
        read('name = "trial"', tmp_path).stage("four")


@pytest.mark.parametrize("value", ["\N{ROCKET} caf\u00e9", 'quote " and \\', "tab\tnew\nline"])
def test_any_text_survives_being_written(value: str, tmp_path: Path) -> None:
    config = configuration.Config(purpose=value)
    (tmp_path / "a.toml").write_text(configuration.to_toml(config), encoding="utf-8")
    assert configuration.load(tmp_path / "a.toml") == config


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_of_the_model_of_its_name(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    for one in stages.load(path).stages:
        assert path.stem.startswith(one.config.name)
        assert set(EXAMPLES) <= set(one.config.train.exclude)
        if one.name:
            assert re.search(rf'^# .+\n\[\[stage\]\]\nname = "{one.name}"$', text, re.MULTILINE)
        assert not one.config.train.start or Path(one.config.train.start).parts[0] in (
            "checkpoints",
            "runs",
        )


@pytest.mark.parametrize("name", shipped_models.models())
def test_a_shipped_model_was_made_by_the_last_stage_of_its_file(name: str) -> None:
    """Up to options that were added since, which have their defaults."""
    model = shipped_models.load(name)
    made_by = configuration.from_dict(model.about["config"])
    config = configuration.load(ROOT / "configs" / f"{name}.toml")
    assert without_folders(config) == without_folders(made_by)


@pytest.mark.parametrize("name", shipped_models.models())
def test_a_shipped_model_comes_from_a_commit(name: str) -> None:
    """Not from a working tree with changes that nobody can see."""
    assert not str(shipped_models.load(name).about["commit"]).endswith("-dirty")
