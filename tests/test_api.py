"""The front door: names, paths, arrays and Pillow images in; the same kind, larger, out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import iqlut
from iqlut import upscaling
from iqlut.engines import reference
from iqlut.planes import colour
from iqlut.tables import file_format
from random_tables import random_tables

SOURCE = Path(iqlut.__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def tables() -> iqlut.Tables:
    return random_tables(np.random.default_rng(21), scale=2, channels=3)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(22)


def in_new_process(code: str, **environment: str) -> str:
    path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": path} | environment,
    )
    return done.stdout.strip()


def test_import_is_light() -> None:
    heavy = "('torch', 'PIL', 'tyro', 'rich', 'iqlut.training', 'iqlut.network')"
    imported = f"print([m for m in {heavy} if m in sys.modules])"
    assert in_new_process(f"import iqlut, sys; iqlut.upscale; {imported}") == "[]"
    assert in_new_process("import iqlut, sys; print('numpy' in sys.modules)") == "False"


def test_what_is_exported() -> None:
    assert set(iqlut.__all__) <= set(dir(iqlut))
    for name in iqlut.__all__:
        assert getattr(iqlut, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'upscaled'"):
        _ = iqlut.upscaled  # pyright: ignore[reportAttributeAccessIssue]
    assert iqlut.engines.get("reference") is reference
    assert iqlut.Tables is type(random_tables(np.random.default_rng(0)))
    assert iqlut.__version__.count(".") == 2


def test_torch_is_asked_for_by_name() -> None:
    code = """
import sys
sys.modules["torch"] = None
import iqlut
try:
    iqlut.engines.get("torch")
except RuntimeError as error:
    print(error)
"""
    said = (
        "PyTorch is not installed, which the torch engine requires; run pip install 'iqlut[train]'"
    )
    assert in_new_process(code) == said


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 2), (5, 7, 3), (5, 7, 4), (1, 1), (1, 2, 3)])
def test_arrays(tables: iqlut.Tables, rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    small = rng.integers(0, 256, shape, dtype=np.uint8)
    small.flags.writeable = False
    large = iqlut.upscale(small, 2, tables, "reference")
    assert large.dtype == np.uint8 and large.shape == (2 * shape[0], 2 * shape[1], *shape[2:])
    upscale_plane = reference.build(tables)
    luma, rest = colour.split(small)
    alpha_sr = upscale_plane(rest.alpha) if rest.alpha is not None else None
    np.testing.assert_array_equal(large, colour.join(upscale_plane(luma), rest, 2, alpha_sr))


def test_gray_is_the_engine_alone_and_stays_gray(
    tables: iqlut.Tables, rng: np.random.Generator
) -> None:
    gray = rng.integers(0, 256, (6, 8), dtype=np.uint8)
    expected = reference.build(tables)(gray)
    np.testing.assert_array_equal(iqlut.upscale(gray, 2, tables, "reference"), expected)
    as_rgb = iqlut.upscale(np.stack([gray] * 3, axis=2), 2, tables, "reference")
    np.testing.assert_array_equal(as_rgb, np.stack([expected] * 3, axis=2))


@pytest.mark.parametrize("value", [0, 17, 255])
def test_constant_alpha_stays_constant(
    tables: iqlut.Tables, rng: np.random.Generator, value: int
) -> None:
    small = rng.integers(0, 256, (6, 8, 4), dtype=np.uint8)
    small[:, :, 3] = value
    large = iqlut.upscale(small, 2, tables, "reference")
    assert (large[:, :, 3] == value).all()
    if value:
        np.testing.assert_array_equal(
            large[:, :, :3], iqlut.upscale(small[:, :, :3], 2, tables, "reference")
        )


def test_a_view_is_as_good_as_a_copy(tables: iqlut.Tables, rng: np.random.Generator) -> None:
    small = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    for view in (small[::2, ::-1], small.transpose(1, 0, 2), small[:, :, 1], small[:, :, 1].T):
        expected = iqlut.upscale(view.copy(), 2, tables, "reference")
        np.testing.assert_array_equal(iqlut.upscale(view, 2, tables, "reference"), expected)


def test_torch_gives_the_pixels_of_reference(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    before = torch.get_num_threads()
    for scale in (2, 3, 4):
        for interpolate in (True, False):
            tables = random_tables(rng, scale, interpolate=interpolate)
            small = rng.integers(0, 256, (9, 13, 3), dtype=np.uint8)
            expected = iqlut.upscale(small, scale, tables, "reference")
            np.testing.assert_array_equal(
                iqlut.upscale(small, scale, tables, "torch", before + 1), expected
            )
    assert torch.get_num_threads() == before


def test_refused_images_are_named(tables: iqlut.Tables) -> None:
    expected = "expected a uint8 or uint16 array or a Pillow image"
    with pytest.raises(iqlut.IqlutError, match=f"the image is list, {expected}"):
        iqlut.upscale([[1]], 2, tables, "reference")  # type: ignore[call-overload]
    with pytest.raises(iqlut.IqlutError, match=f"the image is NoneType, {expected}"):
        iqlut.upscale(None)  # type: ignore[call-overload]
    with pytest.raises(iqlut.IqlutError, match="the image has mode F, expected one of 1 L"):
        iqlut.upscale(Image.new("F", (4, 4)))
    with pytest.raises(
        ValueError, match=r"the image is float32 \(4, 4\), expected a uint8 or uint16"
    ):
        iqlut.upscale(np.zeros((4, 4), np.float32), 2, tables, "reference")
    with pytest.raises(ValueError, match=r"the image is uint8 \(0, 4, 3\), expected"):
        iqlut.upscale(np.zeros((0, 4, 3), np.uint8), 2, tables, "reference")


def test_premultiplied_alpha() -> None:
    """Modes that Pillow converts in one way only."""
    for mode, becomes in (("La", "LA"), ("RGBa", "RGBA")):
        assert iqlut.upscale(Image.new(mode, (5, 4)), 2).mode == becomes


def test_wrong_arguments_are_named(tables: iqlut.Tables) -> None:
    plane = np.zeros((4, 4), np.uint8)
    with pytest.raises(
        ValueError, match="the scale is 4, expected 2, the scale of the model random"
    ):
        iqlut.upscale(plane, model=tables)
    for scale in ("2", 2.0, None, True):
        with pytest.raises(iqlut.IqlutError, match=f"the scale is {scale!r}, expected an integer"):
            iqlut.upscale(plane, scale)  # type: ignore[call-overload]
    with pytest.raises(iqlut.IqlutError, match="the model is None, expected the name of a model"):
        iqlut.load(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the engine is 'abacus', expected one of reference"):
        iqlut.upscale(plane, 2, tables, "abacus")
    with pytest.raises(ValueError, match="threads is 0, expected 1 or more"):
        iqlut.upscale(plane, 2, tables, "reference", 0)


def test_built_engines_are_kept(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    builds: list[str] = []

    def build(tables: iqlut.Tables, threads: int = 1):
        builds.append(tables.sha256)
        return lambda luma: luma

    monkeypatch.setattr(reference, "build", build)
    monkeypatch.setattr(upscaling, "_built", type(upscaling._built)())
    several = [random_tables(rng, 2, blocks=1, channels=1) for _ in range(upscaling._BUILT_MAX + 1)]
    for tables in (
        several[0],
        several[0],
        file_format.from_bytes(file_format.to_bytes(several[0])),
    ):
        upscaling.upscaler(tables, "reference", 1)
    assert len(builds) == 1
    upscaling.upscaler(several[0], "reference", 2)
    assert len(builds) == 2
    for tables in several:
        upscaling.upscaler(tables, "reference", 1)
    assert len(upscaling._built) == upscaling._BUILT_MAX
    assert len(builds) == 2 + upscaling._BUILT_MAX
    upscaling.upscaler(several[0], "reference", 1)  # the one that had to go
    assert len(builds) == 3 + upscaling._BUILT_MAX


def test_all_cores_are_those_of_this_process() -> None:
    assert 1 <= upscaling.cores() <= (os.cpu_count() or 1)


def test_one_clause_catches_what_iqlut_reports() -> None:
    plane = np.zeros((4, 4), np.uint8)
    for arguments in ({"scale": 5}, {"engine": "abacus"}, {"threads": 0}, {"model": "none"}):
        with pytest.raises(iqlut.IqlutError):
            iqlut.upscale(plane, **arguments)
    with pytest.raises(iqlut.errors.UnknownModel, match="the scale is 5, expected 2, 3 or 4"):
        iqlut.upscale(plane, scale=5)
    with pytest.raises(iqlut.IqlutError):
        iqlut.upscale(plane, restore="much")
