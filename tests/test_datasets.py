"""Folders of images: what they hold, and whether they are the benchmark sets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iqlut import cli, datasets
from picture_files import noise

TEST_SETS = Path(__file__).parents[2] / "shared" / "data" / "test"


def test_the_checksums_cover_the_five_sets() -> None:
    counts = {benchmark: len(datasets.checksums(benchmark)) for benchmark in datasets.BENCHMARKS}
    assert counts == {"Set5": 5, "Set14": 14, "B100": 100, "Urban100": 100, "Manga109": 109}
    assert all(len(digest) == 64 for benchmark in counts for digest in datasets.checksums(benchmark).values())


@pytest.mark.parametrize("name", ["Set5", "Set14", "B100"])
def test_the_sets_at_hand_are_the_fields(name: str) -> None:
    if not (TEST_SETS / name).is_dir():
        pytest.skip(f"{name} is not beside the repository")
    report = datasets.check(TEST_SETS / name)
    assert report.benchmark == name
    assert report.verified == report.images == len(datasets.checksums(name))
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
    assert "other.png is extra" in err
    assert "baby.png is changed" in err


def test_a_folder_of_other_images_is_no_benchmark(tmp_path: Path) -> None:
    noise("RGB", (9, 7)).save(tmp_path / "photo.png")
    report = datasets.check(tmp_path)
    assert (report.benchmark, report.images, report.good) == ("", 1, True)


def test_folders_without_images_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "check", str(tmp_path)]) == 1
    assert "holds no images" in capsys.readouterr().err
    assert cli.main(["data", "check", str(tmp_path / "none")]) == 1
    assert "is no folder" in capsys.readouterr().err
