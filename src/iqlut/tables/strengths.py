"""Restoration strengths: how much noise, blocking and ringing is removed, from 0 (none) to 3.

A model may hold a set of tables for each of several strengths. Between two of them the tables are a
blend of the two neighbouring sets, in sixteenths.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from iqlut.arithmetic import SET_WEIGHT_BITS
from iqlut.errors import InvalidArgument

STRENGTH_MAX = 3.0


def check(strengths: Sequence[float]) -> None:
    """Raise InvalidArgument unless a model can have these strengths: two or more, from 0 to 3."""
    rising = all(one < other for one, other in pairwise(strengths))
    if len(strengths) < 2 or strengths[0] != 0 or not rising or not strengths[-1] <= STRENGTH_MAX:
        raise InvalidArgument(
            f"the strengths are {tuple(strengths)}, expected two or more that rise from 0 to at "
            f"most {STRENGTH_MAX:g}"
        )


def between(strengths: Sequence[float], strength: float) -> tuple[int, float]:
    """The set at or below a strength, and the fraction, 0 to 1, of the way to the next set.

    Raises InvalidArgument for a strength outside of `strengths`.
    """
    if not strengths[0] <= strength <= strengths[-1]:
        raise InvalidArgument(
            f"the strength is {strength:g}, expected {strengths[0]:g} to {strengths[-1]:g}"
        )
    below = max(index for index, one in enumerate(strengths) if one <= strength)
    if below == len(strengths) - 1:
        return below, 0.0
    return below, (strength - strengths[below]) / (strengths[below + 1] - strengths[below])


def sixteenths(strengths: Sequence[float], strength: float) -> tuple[int, int]:
    """The set at or below a strength, and the way to the next set in whole sixteenths, 0 to 15.

    The second value is the `weight` of `arithmetic.blend_sets`.
    """
    below, weight = between(strengths, strength)
    whole = int(weight * (1 << SET_WEIGHT_BITS) + 0.5)
    return (below + 1, 0) if whole == 1 << SET_WEIGHT_BITS else (below, whole)


def quantised(strengths: Sequence[float], strength: float) -> float:
    """The nearest strength that tables exist for: a set's own, or sixteenths between two sets."""
    below, weight = sixteenths(strengths, strength)
    if not weight:
        return strengths[below]
    return strengths[below] + weight * (strengths[below + 1] - strengths[below]) / (
        1 << SET_WEIGHT_BITS
    )
