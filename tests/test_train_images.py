"""The patches that are trained on: where they are cut, how they are cached, and which are flat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from iqlut.network.configuration import DegradeConfig
from iqlut.planes import resize
from iqlut.training import training_images
from training_runs import settings, write_images


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of training images; see `write_images`."""
    return write_images(tmp_path_factory.mktemp("images"))


def test_patches_are_what_the_test_protocol_would_make(images: Path, tmp_path: Path) -> None:
    config = settings(images).train
    planes = training_images.load(config, 4, tmp_path, lambda *_: None)
    assert planes.skipped == ("tiny.png",)
    lr, hr = planes.patches(seed=1, step=0, batch=4, patch=12)
    assert (lr.shape, hr.shape) == ((4, 12, 12), (4, 12, 12, 16))
    again = planes.patches(seed=1, step=0, batch=4, patch=12)
    np.testing.assert_array_equal(lr, again[0])
    # both are cut at the same place and have the same flip and rotation
    assert np.abs(hr.astype(float).mean(axis=3) - lr).mean() < 12
    assert (planes.patches(seed=1, step=1, batch=4, patch=12)[0] != lr).any()


def test_grids_begin_at_more_pixels_of_a_picture(images: Path, tmp_path: Path) -> None:
    one, four = (
        training_images.load(settings(images, grids=n).train, 4, tmp_path, lambda *_: None)
        for n in (1, 2)
    )
    assert len(four.sizes) == 4 * len(one.sizes) and one.sha256 != four.sha256
    _, whole = one.pair(0)
    for n, (top, left) in enumerate([(0, 0), (0, 2), (2, 0), (2, 2)]):
        lr, hr = four.pair(n)
        np.testing.assert_array_equal(hr[:32, :32], whole[top:, left:][:32, :32])
        np.testing.assert_array_equal(lr, resize.resize(hr, *lr.shape))


def test_some_patches_are_flat_where_asked(images: Path, tmp_path: Path) -> None:
    shares, hashes, grays = [], set(), set()
    for flats in (0.0, 0.25):
        planes = training_images.load(
            settings(images, flats=flats).train, 4, tmp_path, lambda *_: None
        )
        lr, hr = map(
            np.concatenate,
            zip(*(planes.patches(1, step, 4, 12) for step in range(300)), strict=True),
        )
        flat = (hr == lr[:, :1, :1, None]).all(axis=(1, 2, 3)) & (lr == lr[:, :1, :1]).all(
            axis=(1, 2)
        )
        shares.append(flat.mean())
        hashes.add(planes.sha256)
        grays = set(lr[flat, 0, 0].tolist())
    assert shares[1] == pytest.approx(0.25 + 0.75 * shares[0], abs=0.03)
    assert len(grays) > 150
    assert len(hashes) == 2


def test_threads_decode_the_same_planes(images: Path, tmp_path: Path) -> None:
    """In the same order, with the filters that are drawn for each image, and with chroma."""
    damage = DegradeConfig(
        filters=("bicubic", "blurred"), filter_shares=(0.5, 0.5), jpeg_share=0.5, colour_share=0.5
    )
    kept = [
        training_images.load(
            settings(images).train, 4, tmp_path / str(n), lambda *_: None, damage, threads=n
        )
        for n in (1, 3)
    ]
    for name in ("hr", "lr", "chroma", "sizes"):
        one, other = (getattr(planes, name) for planes in kept)
        np.testing.assert_array_equal(one, other)
    assert len(kept[0].lr) == 2 * kept[0].sizes.prod(axis=1).sum() == len(kept[0].chroma)


def test_the_cache_is_read_instead_of_the_images(images: Path, tmp_path: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        training_images.load(
            settings(images).train, 4, tmp_path, lambda what, *_: told.append(what)
        )
    assert told == ["decoding"] * 3
