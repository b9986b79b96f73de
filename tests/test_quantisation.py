"""Where the levels of a layer lie."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from iqlut import arithmetic as ar
from iqlut.network import quantisation


@pytest.mark.parametrize("levels", [2, 3, 7, 8, 16, 255, 256])
@pytest.mark.parametrize("bend", [(0.5, 0.5), (0.3, 0.7), (0.7, 0.3), (0.01, 0.99)])
def test_knots_are_legal(levels: int, bend: tuple[float, float]) -> None:
    knots = quantisation.knots_of(levels, *bend).astype(int)
    assert knots[0] == 0
    assert knots[-1] == ar.SIGNAL_MAX
    assert (np.diff(knots) > 0).all()


def test_an_odd_number_of_levels_has_one_at_zero() -> None:
    assert quantisation.knots_of(7)[3] == quantisation.CENTRE
    assert quantisation.knots_of(7, 0.5, 0.7)[3] == quantisation.CENTRE


def test_more_b_than_a_makes_the_middle_finer() -> None:
    """(IQ-LUT eq. 4: the slope of T_ab is b / a between -a and a.)"""
    assert quantisation.knots_of(9, 0.3, 0.7)[5] < quantisation.knots_of(9)[5]
