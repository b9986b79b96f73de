"""`iqlut compare`: a picture and a page that show what they say."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command_line import refuses
from iqlut import cli, upscaling
from iqlut.command_line import exit_codes
from iqlut.evaluation import side_by_side
from picture_files import noise, opened


def compare(*arguments: object) -> int:
    return cli.main(["compare", "--engine", "reference", *map(str, arguments)])


def pictures_of(page: str) -> dict[str, Image.Image]:
    found = re.search(r"const pictures = (\[.*?\]);\n", page)
    assert found
    urls = {picture["name"]: picture["source"] for picture in json.loads(found[1])}
    return {
        name: Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
        for name, url in urls.items()
    }


def test_compare(model: str, tmp_path: Path) -> None:
    small = noise("RGB", (60, 40))
    small.save(tmp_path / "a <b>.png")
    assert compare(tmp_path / "a <b>.png", "-m", model) == 0
    page = (tmp_path / "a <b>-compared.html").read_text(encoding="utf-8")
    assert "http" not in page and "a &lt;b&gt;.png, 60x40 pixels, upscaled by 4" in page
    shown = pictures_of(page)
    assert list(shown) == ["nearest", "bicubic", "random"]
    np.testing.assert_array_equal(
        np.array(shown["random"]), np.array(upscaling.upscale(small, 4, model, "reference"))
    )
    np.testing.assert_array_equal(np.array(shown["bicubic"]), np.array(small.resize((240, 160), 3)))
    sheet = opened(tmp_path / "a <b>-compared.png")
    assert sheet.width == 3 * 392 + 8 and sheet.height > 500


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (900, 700)])
def test_compare_any_size(size: tuple[int, int], model: str, tmp_path: Path) -> None:
    noise("RGBA", size).save(tmp_path / "a.png")
    assert compare(tmp_path / "a.png", "-m", model, "-o", tmp_path / "out.png") == 0
    large = pictures_of((tmp_path / "out.html").read_text(encoding="utf-8"))["random"]
    assert large.size == tuple(4 * min(side, side_by_side.WINDOW_PX) for side in size)


def test_the_busiest_parts() -> None:
    picture = Image.new("RGB", (100, 80), (40, 40, 40))
    picture.paste(noise("RGB", (10, 10)), (70, 50))
    picture.paste(noise("RGB", (10, 10)).point(lambda value: value // 4), (10, 5))
    first, second = side_by_side.busiest(picture, 12, 2)
    assert first[0] <= 70 and first[2] >= 80 and first[1] <= 50 and first[3] >= 60
    assert second[0] <= 10 and second[2] >= 20 and second[1] <= 5 and second[3] >= 15


def test_compare_refusals(
    photo: Path, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out.html").write_text("old")
    (tmp_path / "text.png").write_text("no picture")
    for arguments, code, words in (
        ((photo, "-m", model, "-o", tmp_path / "out.png"), exit_codes.FAILED, "--overwrite"),
        (
            (photo, "-m", model, "-o", tmp_path / "none" / "out.png"),
            exit_codes.USAGE,
            "there is no folder",
        ),
        ((photo, "-m", model, "-s", 3), exit_codes.USAGE, "the scale is 3, expected 4"),
        ((photo, "-s", 9), exit_codes.USAGE, "the scale is 9, expected 2, 3 or 4"),
        ((tmp_path / "text.png", "-m", model), exit_codes.FAILED, "not a picture"),
    ):
        assert compare(*arguments) == code, words
        refuses(capsys, code, words)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.html", "photo.png", "text.png"]
