"""The measurement of the speed of videos runs, with several rounds."""

from __future__ import annotations

import pytest

from scripts.measure import video_speed


@pytest.mark.slow
def test_two_rounds_are_measured() -> None:
    row = video_speed.measure("everyday-x4", seconds=1, clip=None, rounds=2)
    assert row["frames"] == video_speed.RATE and row["model"] == "everyday-x4"
    assert min(row[f"{part}_fps"] for part in ("whole", "upscaler_alone", "encoder_alone")) > 0
