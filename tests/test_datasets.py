"""Folders of images: what they hold, and whether they are the benchmark sets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iqlut import cli
from iqlut.evaluation import image_sets
from picture_files import noise

TEST_SETS = Path(__file__).parents[2] / "shared" / "data" / "test"


def test_the_checksums_cover_the_five_sets() -> None:
    counts = {
        benchmark: len(image_sets.checksums(benchmark)) for benchmark in image_sets.BENCHMARKS
    }
    assert counts == {"Set5": 5, "Set14": 14, "B100": 100, "Urban100": 100, "Manga109": 109}
    assert all(
        len(digest) == 64
        for benchmark in counts
        for digest in image_sets.checksums(benchmark).values()
    )


@pytest.mark.parametrize("name", ["Set5", "Set14", "B100"])
def test_the_sets_at_hand_are_the_fields(name: str) -> None:
    if not (TEST_SETS / name).is_dir():
        pytest.skip(f"{name} is not beside the repository")
    report = image_sets.check(TEST_SETS / name)
    assert report.benchmark == name
    assert report.verified == report.images == len(image_sets.checksums(name))
    assert report.good


def test_what_is_wrong_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("baby.png", "bird.png", "head.png"):
        noise("RGB", (9, 7)).save(tmp_path / name)
    (tmp_path / "woman.png").write_bytes(b"no picture")
    noise("L", (5, 8)).save(tmp_path / "other.png")
    assert cli.main(["data", "check", str(tmp_path), "--json"]) == 1
    out, err = capsys.readouterr()
    (row,) = json.loads(out)
    assert (row["benchmark"], row["images"], row["verified"], row["good"]) == ("Set5", 4, 0, False)
    assert (row["width_px"], row["height_px"]) == (5, 7)
    assert "woman.png is unreadable" in err
    assert "butterfly.png is missing" in err
    assert "other.png is not an image of the benchmark set" in err
    assert "baby.png is not the published image of this name" in err


def test_a_folder_of_other_images_is_no_benchmark(tmp_path: Path) -> None:
    noise("RGB", (9, 7)).save(tmp_path / "photo.png")
    report = image_sets.check(tmp_path)
    assert (report.benchmark, report.images, report.good) == ("", 1, True)


def test_folders_without_images_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["data", "check", str(tmp_path)]) == 1
    assert "holds no images" in capsys.readouterr().err
    assert cli.main(["data", "check", str(tmp_path / "none")]) == 1
    assert "is not a folder" in capsys.readouterr().err
    assert cli.main(["data", "check"]) == 2
    assert "no folder is named, expected one or more" in capsys.readouterr().err


def laid_out(root: Path, kind: str) -> Path:
    """A folder as DIV2K or Flickr2K are distributed, of two images of 24x16 pixels."""
    names = {
        "DIV2K": ("DIV2K_train_HR", "DIV2K_train_LR_{}", 4),
        "Flickr2K": ("Flickr2K_HR", "Flickr2K_LR_{}", 6),
    }
    hr, lr, digits = names[kind]
    for folder, ending, size in (
        (hr, "", (24, 16)),
        (f"{lr.format('bicubic')}/X2", "x2", (12, 8)),
        (f"{lr.format('unknown')}/X4", "x4", (6, 4)),
        (lr.format("mild"), "x4m", (6, 4)),
        (lr.format("wild"), "x4w2", (6, 4)),
        (lr.format("x8"), "x8", (3, 2)),
    ):
        (root / kind / folder).mkdir(parents=True)
        for number in (1, 2):
            noise("RGB", size).save(root / kind / folder / f"{number:0{digits}}{ending}.png")
    return root / kind


@pytest.mark.parametrize("kind", ["DIV2K", "Flickr2K"])
def test_layouts_as_distributed(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Low-resolution images are not used as HR images.

    Those of a wrong size, or without an HR image, are named.
    """
    root = laid_out(tmp_path, kind)
    assert {file.parent.name for file in image_sets.image_files(root)} == {
        f"{kind}_train_HR",
        "Flickr2K_HR",
    } & {folder.name for folder in root.iterdir()}
    report = image_sets.check(root)
    assert (report.images, report.low, report.mismatched, report.good) == (2, 10, (), True)
    low = next(root.glob("*LR_unknown"))
    assert len(image_sets.image_files(low / "X4")) == len(image_sets.image_files(low)) == 2
    bad = sorted((low / "X4").iterdir())[0]
    noise("RGB", (6, 5)).save(bad)
    noise("RGB", (6, 4)).save(low / "X4" / "9x4.png")
    (low / "X4" / "1x4.png").write_bytes(b"no picture")
    assert set(image_sets.check(root).mismatched) == {bad.name, "9x4.png", "1x4.png"}
    assert cli.main(["data", "check", str(root)]) == 1
    assert (
        f"{bad.name} is not smaller by its scale than the high-resolution image of its name"
        in capsys.readouterr().err
    )


def test_small_versions_with_the_names_of_the_large(tmp_path: Path) -> None:
    for folder, size in (
        ("HR", (25, 16)),
        ("LR/X4", (7, 4)),
        ("LR/X2", (12, 8)),
    ):  # MATLAB rounds up, others down
        (tmp_path / folder).mkdir(parents=True)
        noise("RGB", size).save(tmp_path / folder / "baby.png")
    report = image_sets.check(tmp_path)
    assert (report.images, report.low, report.mismatched) == (1, 2, ())


def test_only_small_versions_are_refused(tmp_path: Path) -> None:
    (tmp_path / "DIV2K_train_LR_bicubic/X4").mkdir(parents=True)
    noise("RGB", (6, 4)).save(tmp_path / "DIV2K_train_LR_bicubic/X4/0001x4.png")
    with pytest.raises(ValueError, match="holds only low-resolution images"):
        image_sets.image_files(tmp_path)
