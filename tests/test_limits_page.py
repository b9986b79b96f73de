"""docs/limits.md states the limits that the code has."""

from __future__ import annotations

from pathlib import Path

import pytest

from iqlut.batch import output_size
from iqlut.command_line import output
from iqlut.pictures import reading
from iqlut.ray import manifest
from iqlut.tables import file_format, integer_tables, layer, restoration_tables

PAGE = (Path(__file__).parents[1] / "docs" / "limits.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        f"| {reading.PIXELS_MAX // 1_000_000} million |",
        f"{reading._PIXEL_BYTES_MAX} bytes for each of these pixels, "
        f"and {reading._METADATA_BYTES_MAX / 1e6:.0f} MB for metadata",
        f"like a picture | {reading._METADATA_BYTES_MAX / 1e6:.0f} MB |",
        f"{output_size.FACTOR_MAX} times the input on each side",
        f"| {file_format.FILE_BYTES_MAX:,} bytes, with a header of "
        f"{file_format._HEADER_BYTES_MAX:,} bytes |",
        f"| {integer_tables.LAYERS_MAX} layers, {layer.CHANNELS_MAX} channels, 256 levels, "
        f"{max(layer.KERNELS)} taps on each side, {restoration_tables.SETS_MAX} restoration "
        f"strengths, a name of {file_format._NAME_MAX} characters |",
        f"of all strengths | {file_format.FILE_BYTES_MAX:,} |",
        f"| {manifest._BYTES_MAX:,} bytes |",
        f"| {output._SENTENCE_MAX:,} characters |",
    ],
)
def test_limits(words):
    assert words in PAGE


def test_limits_of_training():
    pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")
    from iqlut.network import configuration
    from iqlut.training import checkpoint

    assert f"configuration file | {configuration.FILE_BYTES_MAX:,} bytes;" in PAGE
    assert f"| {checkpoint._FILE_BYTES_MAX:,} bytes |" in PAGE
