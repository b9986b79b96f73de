"""The planes of a training set, and the patches of a step: cropped, damaged, turned.

A step's patches depend on the seed and the step's number only: a resumed run sees exactly what an
uninterrupted one does. Damage is drawn anew for each patch (`degrade.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from iqlut import arithmetic as ar
from iqlut.network.configuration import DegradeConfig
from iqlut.planes.flips_rotations import flip_rotate
from iqlut.training import codec_damage, patch_damage

UNDAMAGED = DegradeConfig()
_DAMAGE = 1  # a seed: what is random is told apart by such numbers


@dataclass(frozen=True, eq=False)
class Planes:
    """All planes of a training set, one after the other.

    hr       uint8 (samples,), sides multiples of `scale`
    lr       uint8 (filters, samples / scale**2): by each of `damage.filters`
    sizes    int (planes, 2): low-resolution height and width
    skipped  names of images smaller than a patch
    sections the last planes that a part of the patches is drawn from, last section first: how many, which part
    chroma   uint8 (2, samples / scale**2): Cb and Cr, or (2, 0) where nothing needs them
    damage   what low-resolution patches suffer
    """

    hr: np.ndarray
    lr: np.ndarray
    sizes: np.ndarray
    scale: int
    skipped: tuple[str, ...]
    sha256: str
    sections: tuple[tuple[int, float], ...] = ()
    chroma: np.ndarray = field(default_factory=lambda: np.zeros((2, 0), np.uint8))
    damage: DegradeConfig = UNDAMAGED

    def __post_init__(self) -> None:
        areas = self.sizes.prod(axis=1)
        object.__setattr__(self, "_ends", np.cumsum(areas))

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR (h, w), undamaged and by the first filter, and HR (scale * h, scale * w) of one plane."""
        h, w = self.sizes[index]
        end = int(self._ends[index])  # type: ignore[attr-defined]
        start, r = end - h * w, self.scale
        return self.lr[0, start:end].reshape(h, w), self.hr[start * r * r : end * r * r].reshape(
            h * r, w * r
        )

    def patches(
        self, seed: int, step: int, batch: int, patch: int, part: tuple[int, int] = (0, 1), strength: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """The patches of one step: LR (n, patch, patch) and HR (n, patch, patch, scale**2), by
        phases.

        Planes are drawn by their area (flat ones apart), then one of the eight flips and turns.
        `part` (i, of) takes every `of`-th of the batch from the i-th on: what one of several
        processes trains on. Patches are damaged as for `strength`.
        """
        draws, r = self.draws(seed, step, batch, patch)[part[0] :: part[1]], self.scale
        hr = np.empty((len(draws), patch, patch, r * r), np.uint8)
        for n, (start, width, corner, turn) in enumerate(draws):
            y, x = divmod(corner, width)
            crop = flip_rotate(
                _crop(self.hr, start * r * r, width * r, (y * r, x * r), patch * r), turn
            )
            hr[n] = ar.unshuffle(crop, r)
        lows = self._damaged(draws, (seed, step, *part), patch, strength)
        return np.stack(
            [flip_rotate(low, turn) for low, turn in zip(lows, draws[:, 3], strict=True)]
        ), hr

    def _damaged(
        self, draws: np.ndarray, seeds: tuple[int, ...], patch: int, strength: float
    ) -> list[np.ndarray]:  # fmt: skip
        """The low-resolution patches of these draws, not turned."""
        rng = np.random.default_rng((*seeds, _DAMAGE))
        lows, recorded = [], []
        for n, (start, width, corner, _) in enumerate(draws):
            damage, (y, x) = patch_damage.draw(self.damage, strength, rng), divmod(corner, width)
            place = patch_damage.PatchPlace(
                self._low_planes(start, damage.filter), int(y), int(x), patch
            )
            lows.append(patch_damage.apply(damage, place, rng))
            if damage.codec:
                recorded.append((n, damage, place))
        for n, low in codec_damage.encoded(recorded, rng):
            lows[n] = low
        return lows

    def _low_planes(self, start: int, filter_number: int) -> np.ndarray:
        """Luma by a filter, and Cb and Cr if there are, of the plane that starts there: uint8 (1 or
        3, h, w).
        """
        index = int(np.searchsorted(self._ends, start, side="right"))  # type: ignore[attr-defined]
        h, w = self.sizes[index]
        luma = self.lr[filter_number, start : start + h * w].reshape(1, h, w)
        if not self.chroma.shape[1]:
            return luma
        return np.concatenate([luma, self.chroma[:, start : start + h * w].reshape(2, h, w)])

    def draws(self, seed: int, step: int, batch: int, patch: int) -> np.ndarray:
        """The patches of one step as int64 (batch, 4).

        Where the plane starts in `lr`, its width, where in it the patch starts, and the number of
        its turn.
        """
        ends = self._ends  # type: ignore[attr-defined]
        where, down, right, turn = np.random.default_rng((seed, step)).random((batch, 4)).T
        index = np.searchsorted(
            ends, (self._spread(where) * ends[-1]).astype(np.int64), side="right"
        )
        height, width = self.sizes[index].T
        y, x = (
            (draw * (side - patch + 1)).astype(np.int64)
            for draw, side in ((down, height), (right, width))
        )
        return np.stack(
            [ends[index] - height * width, width, y * width + x, (8 * turn).astype(np.int64)],
            axis=1,
        )

    def _spread(self, where: np.ndarray) -> np.ndarray:
        """Draws in [0, 1) as parts of the area of all planes, so that the part of each section
        falls into it.
        """
        ends = self._ends  # type: ignore[attr-defined]
        last, used, spread = len(ends), 0.0, where
        for count, part in self.sections:
            low, high = ends[last - count - 1] / ends[-1], ends[last - 1] / ends[-1]
            inside = low + (where - used) / part * (high - low)
            spread = np.where((used <= where) & (where < used + part), inside, spread)
            last, used = last - count, used + part
        images = ends[last - 1] / ends[-1]
        return (
            np.where(where < used, spread, (where - used) / (1 - used) * images) if used else where
        )


def _crop(
    flat: np.ndarray, start: int, width: int, corner: tuple[int, int], side: int
) -> np.ndarray:
    y, x = corner
    first = start + y * width
    return flat[first : first + side * width].reshape(side, width)[:, x : x + side]
