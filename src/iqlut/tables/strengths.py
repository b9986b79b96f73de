"""Restoration strengths: how much noise, blocking and ringing of the input is taken away, from 0 (none) to 3.

A model may hold a set of tables for each of several strengths; one in between is a blend of its two neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from iqlut.arithmetic import SET_WEIGHT_BITS

STRENGTH_MAX = 3.0


def check(strengths: Sequence[float]) -> None:
    """ValueError unless these are the strengths of a model's table sets: two or more, from 0 up, at most 3."""
    rising = all(one < other for one, other in pairwise(strengths))
    if len(strengths) < 2 or strengths[0] != 0 or not rising or not strengths[-1] <= STRENGTH_MAX:
        raise ValueError(
            f"the strengths are {tuple(strengths)}, expected two or more that rise from 0 to at most {STRENGTH_MAX:g}"
        )


def between(strengths: Sequence[float], strength: float) -> tuple[int, float]:
    """Which set lies at or below a strength, and how far (0 to 1) it is from there to the next; ValueError outside."""
    if not strengths[0] <= strength <= strengths[-1]:
        raise ValueError(
            f"the strength is {strength:g}, expected {strengths[0]:g} to {strengths[-1]:g}"
        )
    below = max(index for index, one in enumerate(strengths) if one <= strength)
    if below == len(strengths) - 1:
        return below, 0.0
    return below, (strength - strengths[below]) / (strengths[below + 1] - strengths[below])


def sixteenths(strengths: Sequence[float], strength: float) -> tuple[int, int]:
    """Which set lies at or below a strength, and the nearest whole number of sixteenths from it to the next.

    That number is `arithmetic.blend_sets`' weight, 0 to 15.
    """
    below, weight = between(strengths, strength)
    whole = int(weight * (1 << SET_WEIGHT_BITS) + 0.5)
    return (below + 1, 0) if whole == 1 << SET_WEIGHT_BITS else (below, whole)


def quantised(strengths: Sequence[float], strength: float) -> float:
    """The nearest strength that is a set's own or a whole number of sixteenths between two."""
    below, weight = sixteenths(strengths, strength)
    if not weight:
        return strengths[below]
    return strengths[below] + weight * (strengths[below + 1] - strengths[below]) / (
        1 << SET_WEIGHT_BITS
    )
