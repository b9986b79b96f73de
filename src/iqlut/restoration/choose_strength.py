"""`restore = "auto"`: the restoration strength that a picture needs, from what its luma plane and its file show.

Two small networks of one hidden layer (`auto_strength.safetensors`): from `damage_features` to the noise of the
picture, and from both to a strength. They were fitted on training images, damaged in many ways
(`scripts/dev/fit_auto_strength.py`). The strength is rounded to a sixteenth, so that the same picture gets the same on
every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import safetensors.numpy

from iqlut.planes import image
from iqlut.restoration import damage_features
from iqlut.restoration.damage_features import NO_JPEG, Damage
from iqlut.tables.strengths import STRENGTH_MAX

if TYPE_CHECKING:
    from PIL.Image import Image

AUTO = "auto"
_STEPS = 16  # of a strength that are told apart
_AS_THEY_ARE = ("L", "LA", "RGB", "RGBA")  # Pillow's modes
_DRAWN = 0.55  # of the samples around edges repeat: a screenshot or a drawing without damage
_NOISE_SEEN = 1.25  # grey levels, from which on noise is named
_WEIGHTS = Path(__file__).with_name("auto_strength.safetensors")


@dataclass(frozen=True)
class Choice:
    """A restoration strength, and why it was taken, in a phrase."""

    strength: float
    reason: str


def parse(text: str | float) -> float | None:
    """A strength from 0 to 3, or None for "auto"; ValueError for anything else."""
    if text == AUTO:
        return None
    try:
        strength = float(text)
    except (TypeError, ValueError):
        strength = float("nan")
    if not 0 <= strength <= STRENGTH_MAX:
        raise ValueError(
            f"the restoration strength is {text}, expected {AUTO} or a number from 0 to {STRENGTH_MAX:g}"
        )
    return strength


def choose(images: Sequence[np.ndarray | Image], jpeg_table: Sequence[int] | None = None) -> Choice:
    """The strength for a picture, from its image or some of its frames.

    images      uint8 or uint16 (h, w) or (h, w, c), or Pillow images
    jpeg_table  the luma quantisation table, 64 steps, of the JPEG file that they come from; nonsense is ignored

    A picture of one gray needs no restoration.
    """
    windows = [window for one in images for window in _luma_windows(_pixels(one))]
    if all(window.min() == window.max() for window in windows):
        return Choice(0.0, "the picture is of one gray")
    if damage_features.repeated(windows) >= _DRAWN:
        return Choice(0.0, "it is drawn, and clean")
    quality = damage_features.quality_of(np.asarray(jpeg_table)) if jpeg_table else None
    damage = damage_features.look_at(windows, quality)
    return Choice(strength_for(damage.vector), _reason(damage, quality))


def _pixels(one: np.ndarray | Image) -> np.ndarray:
    """8 bits deep, gray or with colours; one black pixel for what is no image at all."""
    if not isinstance(one, np.ndarray):
        one = np.asarray(
            one if one.mode in _AS_THEY_ARE else one.convert("L" if one.mode == "1" else "RGB")
        )
    if one.dtype.kind == "u" and one.dtype.itemsize == 2:
        one = (one >> 8).astype(np.uint8)
    fits = (
        one.dtype == np.uint8
        and one.size > 0
        and one.ndim in (2, 3)
        and one.shape[2:] in ((), (2,), (3,), (4,))
    )
    return np.asarray(one) if fits else np.zeros((1, 1), np.uint8)


def _luma_windows(plane: np.ndarray) -> list[np.ndarray]:
    parts = damage_features.windows(plane)
    return [
        part if part.ndim == 2 else image.split(np.ascontiguousarray(part))[0] for part in parts
    ]


def strength_for(vector: np.ndarray) -> float:
    """The strength, 0 to 3 in sixteenths, that `damage_features` call for."""
    return round(min(max(_network("strength", seen(vector)), 0.0), STRENGTH_MAX) * _STEPS) / _STEPS


def seen(vector: np.ndarray) -> np.ndarray:
    """What a strength is chosen by: the noise, as log2(1 + sigma), before all that it was judged by."""
    return np.concatenate([[max(0.0, _network("noise", vector))], vector])


def noise_of(damage: Damage) -> float:
    """The standard deviation of the noise, in grey levels."""
    return float(2 ** seen(damage.vector)[0] - 1)


def _network(name: str, vector: np.ndarray) -> float:
    own = weights()[name]
    hidden = np.tanh((vector - own["mean"]) / own["deviation"] @ own["hidden"] + own["hidden_bias"])
    return float(hidden @ own["output"] + own["output_bias"][0])


@lru_cache(maxsize=1)
def weights() -> dict[str, dict[str, np.ndarray]]:
    """The arrays of each network."""
    networks: dict[str, dict[str, np.ndarray]] = {}
    for name, array in safetensors.numpy.load(_WEIGHTS.read_bytes()).items():
        network, _, key = name.partition(".")
        networks.setdefault(network, {})[key] = array.astype(np.float64)
    return networks


def _reason(damage: Damage, file_quality: float | None) -> str:
    parts = []
    if damage.quality < NO_JPEG:
        where = (
            "a JPEG"
            if file_quality is not None and damage.quality >= round(file_quality) - 1
            else "a former JPEG"
        )
        parts.append(f"{where} of quality {damage.quality:.0f}")
    if noise_of(damage) >= _NOISE_SEEN:
        parts.append(f"noise of {noise_of(damage):.0f} grey levels")
    return " and ".join(parts) or "it looks clean"
