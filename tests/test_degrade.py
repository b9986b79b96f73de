"""The damage of training patches: drawn in the shares asked for, the same again for the same seed
and step.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from iqlut.evaluation import degradation
from iqlut.network import configuration
from iqlut.network.configuration import BadConfig, Config, DegradeConfig, ModelConfig, TrainConfig
from iqlut.training import checkpoint as states
from iqlut.training import codec_damage, drawn_graphics, loop, patch_damage, training_images
from iqlut.training.step import strength_of
from states import equal

ALL = DegradeConfig(
    filters=configuration.FILTERS,
    filter_shares=(0.4, 0.2, 0.2, 0.1, 0.1),
    noise_share=0.3,
    jpeg_share=0.3,
    noise_jpeg_share=0.2,
    codec_share=0.1,
    graphics_share=0.25,
    graphics=6,
)
STRENGTHS = (0.0, 1.0, 3.0)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(4)
    for name in "ab":
        coarse = Image.fromarray(rng.integers(0, 256, (24, 30, 3), np.uint8))
        coarse.resize((360, 288), Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    return folder


def run(images: Path, **train: object) -> Config:
    values = {
        "data": str(images),
        "validation": str(images),
        "steps": 6,
        "batch": 6,
        "patch": 16,
        "flats": 0.1,
    }
    values |= {"checkpoint_every": 3, "validate_every": 6, **train}
    start = images.parent / "start" / "checkpoint.pt"
    model = ModelConfig(scale=2, blocks=2, channels=2)
    if not start.exists():
        loop.train(Config("start", model, TrainConfig(**values)), start.parent)
    values["start"] = str(start)
    return Config("dial", replace(model, strengths=STRENGTHS), TrainConfig(**values), ALL)


def test_a_patch_is_damaged_the_same_way_again(images: Path, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="H.264 frames need PyAV: pip install 'iqlut[video]'")
    config = run(images)
    planes = training_images.load(config.train, 2, tmp_path, lambda *_: None, ALL)
    for step, strength in enumerate((0.0, 0.4, 3.0, *[2.0] * 30)):
        one, same = (planes.patches(1, step, 12, 16, strength=strength) for _ in range(2))
        for left, right in zip(one, same, strict=True):
            np.testing.assert_array_equal(left, right)
    assert (
        planes.patches(1, 5, 12, 16, strength=3.0)[0]
        != planes.patches(1, 6, 12, 16, strength=3.0)[0]
    ).any()
    np.testing.assert_array_equal(
        one[1], planes.patches(1, step, 12, 16)[1]
    )  # the original is not damaged


@pytest.mark.slow
def test_a_resumed_run_is_the_uninterrupted_one(images: Path, tmp_path: Path) -> None:
    config = run(images)
    whole = states.read(loop.train(config, tmp_path / "whole"))
    part = tmp_path / "part"
    loop.train(config, part, minutes=0)
    resumed = states.read(loop.train(config, part, resume=True))
    assert equal(whole["network"], resumed["network"]) and equal(whole["ema"], resumed["ema"])


def test_shares_are_those_asked_for() -> None:
    rng, counts = np.random.default_rng(1), Counter()
    draws = [patch_damage.draw(ALL, 2.0, rng) for _ in range(4000)]
    for damage in draws:
        kind = "codec" if damage.codec else "both" if damage.sigma and damage.qualities else ""
        counts[kind or ("noise" if damage.sigma else "jpeg" if damage.qualities else "none")] += 1
        counts[damage.filter] += 1
    expected = {
        "noise": 0.3,
        "jpeg": 0.3,
        "both": 0.2,
        "codec": 0.1,
        "none": 0.1,
        **dict(enumerate(ALL.filter_shares)),
    }
    for what, share in expected.items():
        assert counts[what] / len(draws) == pytest.approx(share, abs=0.03), what
    assert {damage.subsampling for damage in draws} == {"", *degradation.SUBSAMPLINGS}
    assert {len(damage.qualities) for damage in draws} == {0, 1, 2}
    assert {damage.grid for damage in draws if damage.qualities} == {
        (y, x) for y in range(8) for x in range(8)
    }


def test_strength_0_is_never_damaged() -> None:
    rng = np.random.default_rng(1)
    draws = [patch_damage.draw(ALL, 0.0, rng) for _ in range(200)]
    assert not any(damage.sigma or damage.qualities or damage.codec for damage in draws)


def test_damage_grows_with_the_strength() -> None:
    rng = np.random.default_rng(1)
    sigmas, qualities = [], []
    for strength in (0.5, 1.5, 3.0):
        draws = [patch_damage.draw(replace(ALL, spread=0.0), strength, rng) for _ in range(500)]
        sigmas.append(max(damage.sigma for damage in draws))
        qualities.append(min(min(damage.qualities) for damage in draws if damage.qualities))
    assert sigmas == sorted(sigmas) and qualities == sorted(qualities, reverse=True)


def test_a_step_trains_a_sixteenth_between_two_sets(images: Path) -> None:
    config = run(images)
    seen = Counter(strength_of(config, step) for step in range(2000))
    assert 0.25 < seen[0.0] / 2000 < 0.4
    assert all(strength * 16 == int(strength * 16) for strength in seen)
    assert strength_of(config, 17) == strength_of(config, 17)
    plain = replace(
        config, model=replace(config.model, strengths=()), degrade=replace(ALL, strength=1.5)
    )
    assert strength_of(plain, 3) == 1.5


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_graphics_agree_at_both_resolutions(scale: int) -> None:
    """What is drawn small is about the mean of what is drawn large; nothing is moved."""
    distances = []
    for number in range(40):
        low, high = drawn_graphics.render(scale, np.random.default_rng(number))
        assert (
            low.shape == (drawn_graphics.SIDE,) * 2
            and high.shape == (drawn_graphics.SIDE * scale,) * 2
        )
        mean = high.reshape(drawn_graphics.SIDE, scale, drawn_graphics.SIDE, scale).mean(
            axis=(1, 3)
        )
        distances.append(np.abs(mean - low).mean())
    assert np.median(distances) < 2
    one, same = (drawn_graphics.render(scale, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one[1], same[1])


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_patch_comes_back_from_a_clip_where_it_was(codec: str) -> None:
    pytest.importorskip("av", reason="frames need PyAV: pip install 'iqlut[video]'")
    rng = np.random.default_rng(2)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 14), np.uint8))
    plane = np.asarray(coarse.resize((140, 120), Image.Resampling.BICUBIC))[None]
    recorded = []
    for number, (y, x) in enumerate([(0, 0), (96, 116), (40, 33)]):
        damage = patch_damage.PatchDamage(0, codec=codec, crf=12, motion=(2, -3))
        recorded.append((number, damage, patch_damage.PatchPlace(plane, y, x, 24)))
    got = dict(codec_damage.encoded(recorded, rng))
    assert sorted(got) == [0, 1, 2]
    for number, _, place in recorded:
        patch = place.planes[0, place.y : place.y + 24, place.x : place.x + 24].astype(int)
        assert np.abs(got[number] - patch).mean() < 3
        assert (got[number] != patch).any()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"filters": ["bicubic", "nearest"], "filter_shares": [0.5, 0.5]},
            "degrade.filters is .*nearest.*, expected a list",
        ),
        ({"filter_shares": [0.5]}, "expected one share for each"),
        ({"noise_share": 0.7, "jpeg_share": 0.6}, "expected a sum of at most 1"),
        ({"noise_sigma": [1, 2]}, "expected four numbers"),
        ({"strength": 4.0}, "degrade.strength is 4.0, expected a number from 0 to 3"),
        ({"noise": 1}, "there is no option degrade.noise"),
    ],
)
def test_what_is_no_damage(values: dict[str, object], said: str) -> None:
    with pytest.raises(BadConfig, match=said):
        configuration.from_dict({"degrade": values})


def test_strengths_need_tables() -> None:
    with pytest.raises(BadConfig, match=r"model\.strengths"):
        ModelConfig(strengths=(0.0, 1.0), knots="learned")
    with pytest.raises(BadConfig, match="the strengths are"):
        ModelConfig(strengths=(1.0, 2.0))


def test_toml_there_and_back(tmp_path: Path) -> None:
    config = Config("a", ModelConfig(strengths=STRENGTHS), degrade=ALL, purpose="tests")
    path = tmp_path / "a.toml"
    path.write_text(configuration.to_toml(config), encoding="utf-8")
    assert configuration.load(path) == config
