"""Fixtures for the tests of commands."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share the cores: one thread each
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from iqlut.tables import file_format
from picture_files import noise
from random_tables import random_restoration_tables, random_tables


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a small legal model, x4."""
    path = tmp_path_factory.mktemp("models") / "random.iqlut"
    path.write_bytes(
        file_format.to_bytes(random_tables(np.random.default_rng(5), channels=2, blocks=1))
    )
    return str(path)


@pytest.fixture(scope="session")
def restoration_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a small model with restoration strengths, x2."""
    path = tmp_path_factory.mktemp("dials") / "dial.iqlut"
    path.write_bytes(
        file_format.to_bytes(random_restoration_tables(np.random.default_rng(3), 2, channels=2))
    )
    return str(path)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A small picture in the test's own folder."""
    path = tmp_path / "photo.png"
    noise("RGB", (7, 5)).save(path)
    return path
