"""The choice of a restoration strength, from the damage in a picture to the upscaled file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import iqlut
from command_line import refuses
from iqlut import cli, upscaling
from iqlut.command_line import exit_codes
from iqlut.evaluation import degradation
from iqlut.restoration import choose_strength, damage_features
from iqlut.tables.restoration_tables import RestorationTables
from picture_files import opened


def scene(h: int = 160, w: int = 200, seed: int = 1) -> np.ndarray:
    """Smooth places, edges and texture, as a small photograph has them."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(40, 216, (h // 20, w // 20), np.uint8))
    plane = np.array(coarse.resize((w, h), Image.Resampling.BICUBIC)).astype(float)
    for _ in range(25):
        y, x = (int(rng.integers(0, side)) for side in (h, w))
        plane[y : y + int(rng.integers(4, 40)), x : x + int(rng.integers(4, 40))] += rng.uniform(
            -60, 60
        )
    plane[: h // 3, : w // 3] += 12 * np.sin(np.arange(w // 3) * 0.9)
    return plane.clip(0, 255).astype(np.uint8)


def look(plane: np.ndarray) -> damage_features.MeasuredDamage:
    return damage_features.look_at(damage_features.windows(plane))


@pytest.mark.parametrize("quality", [15, 30, 45, 60, 75, 85])
@pytest.mark.parametrize("crop", [(0, 0), (3, 5), (7, 1)])
def test_a_former_jpeg_is_known_by_its_steps(quality: int, crop: tuple[int, int]) -> None:
    """Whatever its quality, wherever it was cropped."""
    plane = degradation.jpeg(scene(), quality)[crop[0] :, crop[1] :]
    assert look(plane).quality == pytest.approx(quality, abs=3)


def test_what_was_no_jpeg_is_not_taken_for_one() -> None:
    for seed in range(6):
        plane = scene(seed=seed)
        noisy = degradation.add_noise(plane, 6, np.random.default_rng(seed))
        for clean in (plane, noisy, np.asarray(Image.fromarray(plane).resize((150, 120)))):
            assert look(clean).quality == damage_features.NO_JPEG


def test_the_coarser_of_file_and_plane_counts() -> None:
    plane = degradation.jpeg(scene(), 40)
    assert damage_features.look_at([plane], 95.0).quality == pytest.approx(40, abs=3)
    assert damage_features.look_at([scene()], 60.0).quality == 60


def test_noise_is_measured() -> None:
    noisy = (
        degradation.add_noise(scene(), sigma, np.random.default_rng(1)) for sigma in (0, 3, 8, 15)
    )
    sigmas = [choose_strength.noise_of(look(plane)) for plane in noisy]
    assert sigmas == sorted(sigmas)
    for sigma, found in zip((3, 8, 15), sigmas[1:], strict=True):
        assert found == pytest.approx(sigma, rel=0.35)


@pytest.mark.parametrize("quality", [10, 35, 50, 75, 92])
def test_a_table_says_its_quality(quality: int) -> None:
    file = io.BytesIO()
    Image.fromarray(scene()).save(file, "JPEG", quality=quality)
    assert damage_features.quality_of(np.array(Image.open(file).quantization[0])) == pytest.approx(
        quality, abs=1
    )


@pytest.mark.parametrize("table", [[], [1] * 63, [0] * 64, [70000] * 64, [float("nan")] * 64])
def test_a_table_of_nonsense_says_nothing(table: list[float]) -> None:
    assert damage_features.quality_of(np.array(table)) is None
    expected = choose_strength.choose([scene()])
    assert choose_strength.choose([scene()], table) == expected  # type: ignore[arg-type]


def test_a_large_picture_is_looked_at_in_windows_that_keep_the_grid() -> None:
    plane = degradation.jpeg(np.tile(scene(), (8, 8)), 40)
    parts = damage_features.windows(plane)
    assert len(parts) <= damage_features.WINDOWS
    assert all(part.shape == (damage_features.WINDOW_PX,) * 2 for part in parts)
    assert damage_features.look_at(parts).quality == pytest.approx(40, abs=3)
    for shape in ((4000, 50), (30, 9000), (97, 3000)):
        assert sum(part.size for part in damage_features.windows(np.zeros(shape, np.uint8))) > 0


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 9), (9, 1), (7, 7), (16, 3), (3, 3, 3), (5, 4, 4), (5, 4, 2)]
)
def test_the_smallest_pictures_get_a_strength(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    choice = choose_strength.choose([pixels])
    assert 0 <= choice.strength <= 3 and choice.reason
    assert choice.reason != "it looks clean" or choice.strength < 0.5
    assert choose_strength.choose([pixels.astype(np.uint16) * 257]) == choice


def test_one_gray_needs_nothing() -> None:
    for gray in (0, 128, 255):
        assert choose_strength.choose([np.full((40, 50), gray, np.uint8)]).strength == 0


def test_what_is_drawn_is_left_as_it_is() -> None:
    """Boxes, lines and text get strength 0, although their edges resemble JPEG blocks."""
    boxes = np.full((48, 48), 255, np.uint8)
    boxes[12:36, 12:36] = 160
    lines = np.full((60, 60), 20, np.uint8)
    lines[::7], lines[:, 30] = 220, 120
    letters = Image.new("L", (120, 40), 255)
    ImageDraw.Draw(letters).text((4, 8), "Save as ...", fill=0, font=ImageFont.load_default(14))
    for drawn in (boxes, lines, np.asarray(letters)):
        assert choose_strength.choose([drawn]).strength == 0
        assert (
            choose_strength.choose(
                [degradation.add_noise(drawn, 8, np.random.default_rng(1))]
            ).strength
            > 0
        )
    assert choose_strength.choose([degradation.jpeg(np.asarray(letters), 20)]).strength > 0.5


def test_more_damage_asks_for_more() -> None:
    def chosen(damage: str) -> float:
        planes = [scene(seed=seed) for seed in range(5)]
        lows = [
            degradation.parse(damage).apply(np.kron(plane, np.ones((2, 2), np.uint8)), 2, 1)
            for plane in planes
        ]
        return float(np.mean([choose_strength.choose([low]).strength for low in lows]))

    noise = [chosen(f"noise:{sigma}") for sigma in (2.5, 7.5, 15, 25)]
    jpeg = [chosen(f"jpeg:{quality}") for quality in (85, 60, 30, 10)]
    assert noise == sorted(noise) and noise[-1] - noise[0] > 1
    assert jpeg == sorted(jpeg) and jpeg[-1] - jpeg[0] > 1


@pytest.mark.parametrize("text", ["-0.1", "3.01", "nan", "much", ""])
def test_what_is_no_strength(text: str) -> None:
    with pytest.raises(ValueError, match="expected auto or a number from 0 to 3"):
        choose_strength.parse(text)


@pytest.fixture
def jpeg(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.fromarray(np.stack([scene()] * 3, axis=2)).save(path, quality=25)
    return path


def rows_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return json.loads(capsys.readouterr().out)


def test_the_command_says_what_it_chose(
    restoration_file: str, jpeg: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = jpeg.with_name("big.png")
    assert (
        cli.main(["upscale", str(jpeg), "-o", str(target), "-m", restoration_file, "--json"]) == 0
    )
    (row,) = rows_of(capsys)
    with Image.open(jpeg) as image:
        table = tuple(image.quantization[0])
    choice = choose_strength.choose([opened(jpeg)], table)
    assert (row["restore"], row["restore_reason"]) == (choice.strength, choice.reason)
    assert choice.strength > 0.5 and "JPEG of quality 25" in choice.reason
    restoration_tables = iqlut.load(restoration_file)
    assert isinstance(restoration_tables, RestorationTables)
    expected = upscaling.upscale(np.array(opened(jpeg)), 2, restoration_tables.at(choice.strength))
    np.testing.assert_array_equal(np.array(opened(target)), expected)


@pytest.mark.parametrize("strength", ["0", "0.4", "3"])
def test_a_strength_of_ones_own(
    restoration_file: str, jpeg: Path, capsys: pytest.CaptureFixture[str], strength: str
) -> None:
    target = jpeg.with_name("big.png")
    command = [
        "upscale",
        str(jpeg),
        "-o",
        str(target),
        "-m",
        restoration_file,
        "--restore",
        strength,
    ]
    assert cli.main([*command, "--json"]) == 0
    (row,) = rows_of(capsys)
    assert row["restore"] == float(strength)
    pixels = np.array(opened(jpeg))
    np.testing.assert_array_equal(
        np.array(opened(target)),
        upscaling.upscale(pixels, 2, restoration_file, restore=float(strength)),
    )
    assert cli.main([*command, "--overwrite"]) == 0
    assert f"restore {float(strength):g} (as requested)" in capsys.readouterr().err


def test_python_restores_as_the_command_does(restoration_file: str) -> None:
    plane = degradation.jpeg(scene(), 25)
    restoration_tables = iqlut.load(restoration_file)
    assert isinstance(restoration_tables, RestorationTables)
    strength = choose_strength.choose([plane]).strength
    np.testing.assert_array_equal(
        upscaling.upscale(plane, 2, restoration_tables),
        upscaling.upscale(plane, 2, restoration_tables.at(strength)),
    )
    np.testing.assert_array_equal(
        upscaling.upscale(plane, 2, restoration_tables, restore=1.7),
        upscaling.upscale(plane, 2, restoration_tables.at(1.7)),
    )
    deep = upscaling.upscale(plane.astype(np.uint16) * 257, 2, restoration_tables)
    np.testing.assert_array_equal(
        deep, upscaling.upscale(plane, 2, restoration_tables).astype(np.uint16) * 257
    )


def test_strengths_that_there_are_not(
    restoration_file: str,
    model: str,
    jpeg: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = ["-o", str(jpeg.with_name("big.png"))]
    for arguments, said in (
        (["-m", restoration_file, "--restore", "3.5"], "expected auto or a number from 0 to 3"),
        (["-m", restoration_file, "--restore", "very"], "expected auto or a number from 0 to 3"),
        (["-m", model, "--restore", "1"], "the model random has no restoration strengths"),
    ):
        code = cli.main(["upscale", str(jpeg), *target, *arguments])
        assert code == exit_codes.USAGE
        refuses(capsys, code, said)
    assert not jpeg.with_name("big.png").exists()
    with pytest.raises(
        ValueError, match="has no restoration strengths, expected none to be requested"
    ):
        upscaling.upscale(scene(), 4, model, restore=1)
    assert (
        cli.main(["upscale", str(jpeg), *target, "-m", model, "--json"]) == 0
    )  # auto, which does nothing here
    (row,) = rows_of(capsys)
    assert row["restore"] is None


def test_evaluate_damages_and_restores(
    restoration_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "Two"
    folder.mkdir()
    for seed in (1, 2):
        Image.fromarray(scene(seed=seed)).save(folder / f"{seed}.png")
    command = ["evaluate", str(folder), "-m", restoration_file, "--json"]
    assert cli.main([*command, "--degrade", "jpeg:30", "noise:5+jpeg:75"]) == 0
    first = rows_of(capsys)
    assert [(row["model"], row["degrade"]) for row in first] == [
        (name, damage)
        for damage in ("jpeg:30", "noise:5+jpeg:75")
        for name in ("random", "bicubic", "Pillow bicubic", "Pillow Lanczos")
    ]
    assert first[0]["restore"] == "auto" and first[1]["restore"] is None
    assert cli.main([*command, "--degrade", "jpeg:30", "noise:5+jpeg:75"]) == 0
    assert rows_of(capsys) == first  # seeded: two people get the same
    code = cli.main([*command, "--degrade", "jpeg:300"])
    refuses(capsys, code, "the degradation 'jpeg:300' has no valid value")
