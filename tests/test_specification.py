"""The specification, as tests/independent.py was written from it, and the reference are one."""

from importlib import resources

import numpy as np
import pytest

import independent
import iqlut
from iqlut.tables import file_format
from iqlut.tables.symmetry import FLIPS_ROTATIONS, Symmetry
from random_tables import random_tables, symmetric_tables


def check_same(mine: independent.Tables, theirs: iqlut.Tables) -> None:
    """Compare the two engines on planes, colour, transparency, sixteen bits and the ensemble."""
    random = np.random.default_rng(12)
    planes = [random.integers(0, 256, shape, np.uint8) for shape in ((1, 1), (1, 5), (3, 4))]
    planes.append(random.permutation(np.arange(256, dtype=np.uint8)).reshape(16, 16))
    image = random.integers(0, 256, (7, 6, 4), np.uint8)
    image[..., 3] *= random.random((7, 6)) < 0.4  # most of it transparent
    image[0, 0, :3] = 0, 52, 184  # its luma lies half way between two
    deep = random.integers(0, 65536, (3, 2, 4), np.uint16)
    deep[:2, :, 3] = [[0, 100], [0, 65535]]  # 100 of 65535 is 0 of 255
    pairs = [(independent.upscale(mine, plane), plane) for plane in planes]
    pairs += [(independent.upscale_image(mine, each), each) for each in (image[..., :3], image)]
    pairs += [(independent.upscale_deep(mine, each), each) for each in (deep[..., 0], deep)]
    pairs = [(own, iqlut.upscale(each, theirs.scale, theirs, "reference")) for own, each in pairs]
    for count in (4, 16):
        mean = iqlut.upscale(planes[2], theirs.scale, theirs, "reference", None, count)
        pairs.append((independent.ensemble(mine, planes[2], count), mean))
    for own, wanted in pairs:
        assert own.dtype == wanted.dtype
        np.testing.assert_array_equal(own, wanted)


@pytest.mark.parametrize("name", iqlut.models())
def test_page(name: str) -> None:
    """Every shipped model is read and gives the same tables at every strength, and the same samples
    at one.
    """
    data = (resources.files(iqlut) / "models" / f"{name}.iqlut").read_bytes()
    own, model = independent.read(data), iqlut.load(name)
    for strength in (0, 1 / 64, 0.4, 1.7, 3) if hasattr(model, "at") else (0,):
        theirs = model.at(strength) if hasattr(model, "at") else model
        assert independent.checksum(independent.tables_at(own, strength)) == theirs.sha256
    check_same(independent.tables_at(own, strength), theirs)


def test_missing_taps() -> None:
    """Files of format 3 give the same tables and the same samples."""
    rng, found = np.random.default_rng(4), 0
    for _ in range(8):
        theirs = random_tables(rng, scale=3, blocks=3, channels=6, kernels=(3, 3))
        data = file_format.to_bytes(theirs)
        own = independent.tables_at(independent.read(data), 0)
        assert independent.checksum(own) == theirs.sha256
        found += b'"around.' in data
        check_same(own, theirs)
    assert found >= 2


@pytest.mark.parametrize("count", FLIPS_ROTATIONS)
@pytest.mark.parametrize("negative", [False, True])
def test_symmetry(count: int, negative: bool) -> None:
    """Files of symmetric tables give the same tables and the same samples."""
    group = Symmetry(count, negative)
    theirs = symmetric_tables(np.random.default_rng(count), group, scale=2, shape=(16, 5))
    own = independent.tables_at(independent.read(file_format.to_bytes(theirs)), 0)
    assert independent.checksum(own) == theirs.sha256
    check_same(own, theirs)


def test_example() -> None:
    """Section 12, worked by hand: the result and the checksum."""
    block = [-40, 40], [4], [192], [8320], (2, 8)
    constants = [16] * 4, [64] * 4, [512] * 4
    upsampler = [-20, -10, 0, 10, 20, 10, 0, -10], *constants, (0, 10)
    layers = []
    for lut, gain, skip, bias, shifts in (block, upsampler):
        arrays = np.reshape(lut, (1, 2, 1, 1, -1)), *map(np.array, ([0, 255], gain, skip, bias))
        layers.append(independent.Layer(*arrays, *shifts, True))
    example = independent.Tables(2, layers)
    large = independent.upscale(example, np.array([[10, 200]], np.uint8))
    assert large.tolist() == [[3, 54, 157, 202], [10, 61, 153, 198]]
    wanted = "debbf0631ce04040cba384a892ed55a9b1e237f0fe4fd1214bca8b80695f2407"
    assert independent.checksum(example) == wanted
