"""Upright results state their resolution along the right axes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from command_line import upscale
from picture_files import noise


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_resolutions_change_places_with_rows_and_columns(
    kind: str, ending: str, orientation: int, model: str, tmp_path: Path
) -> None:
    stated = Image.Exif()
    stated.update({0x010F: "maker", 0x0112: orientation, 0x011A: 300, 0x011B: 150, 0x0128: 2})
    source, target = tmp_path / "a", tmp_path / f"b{ending}"
    noise("RGB", (9, 6)).save(source, kind, dpi=(300, 150), exif=stated)
    assert upscale(model, source, "-o", target, "-q") == 0
    with Image.open(target) as result:
        turned = orientation in (6, 8)
        across, up = (150, 300) if turned else (300, 150)
        assert result.size == ((24, 36) if turned else (36, 24))
        directory = result.getexif()
        for found in (result.info.get("dpi"), (directory.get(0x011A), directory.get(0x011B))):
            assert found in (None, (None, None)) or found == pytest.approx((across, up), abs=0.1)
        assert ending == ".webp" or result.info["dpi"][0] == pytest.approx(across, abs=0.1)
