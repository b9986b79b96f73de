"""The types of training options; an annotation holds the type of a value, its limits and its unit.

`Annotated[int, Meta(ge=1, le=64), "blocks"]` is a whole number from 1 to 64 that counts blocks.
msgspec checks type and limits when a configuration is read, and `iqlut train --explain` prints all
three. The string literal below a field is its explanation.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from iqlut.errors import BadConfig
from iqlut.planes.downscaler_names import DOWNSCALERS

FILTERS = (*DOWNSCALERS, "blurred")
Filter = Literal["bicubic", "box", "lanczos", "bilinear", "blurred"]

STEPS_MAX = 1_000_000_000
Share = Annotated[float, Meta(ge=0, le=1), "proportion"]
Positive = Annotated[float, Meta(gt=0, le=100)]
Weight = Annotated[float, Meta(ge=0, le=1e6)]
Decay = Annotated[float, Meta(ge=0, lt=1)]
Interval = Annotated[int, Meta(ge=1, le=STEPS_MAX), "steps"]
Levels = Annotated[int, Meta(ge=2, le=256)]
Channels = Annotated[int, Meta(ge=0, le=64)]
KernelSide = Annotated[int, Meta(ge=1, le=3)]
Knot = Annotated[float, Meta(gt=0, lt=1)]


def per_layer(value: int | tuple[int, ...], count: int, name: str) -> tuple[int, ...]:
    """The value for each of `count` layers; a single number applies to all of them.

    Raises BadConfig if there are neither 1 nor `count` numbers.
    """
    values = value if isinstance(value, tuple) else (value,)
    if len(values) not in (1, count):
        raise BadConfig(
            f"{name} has {len(values)} values, expected one number or {count}, one for each block "
            "that it applies to; change their number"
        )
    return values * count if len(values) == 1 else values
