"""What a luma plane shows of its damage: how noisy it is, and whether it was a JPEG, on which grid and how coarse.

Everything is computed on at most WINDOWS squares of the plane, so the time does not grow with the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCK_PX = 8  # of JPEG
WINDOW_PX = 96
WINDOWS = 12
_GRID_WINDOWS = 5  # that the grid is looked for in
_STEP_BLOCKS = 128  # blocks that quantisation steps are looked for in
_ROUNDING_SIGMA = 0.35  # of a DCT coefficient, from samples that are whole numbers
_LIKELIHOOD_LEAST = 0.02  # of one coefficient: a few that do not fit decide nothing
_STEPS_FOUND = 0.35  # mean log likelihood ratio from which quantisation is believed
QUANTILES = (0.05, 0.2, 0.5, 0.8)  # of blocks, from smooth to busy
_BANDS = ((1, 2), (3, 5), (6, 8), (9, 14))  # sums of the two frequencies
_FLOOR = 0.02  # of an energy, so that its logarithm is a number
NO_JPEG = 100.0
_EDGE = 24  # grey levels between the darkest and the brightest sample of a block

# The luma table of the JPEG standard (ISO/IEC 10918-1, table K.1), which libjpeg scales by the quality.
_LUMA_TABLE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
    ], np.float32,
)  # fmt: skip
_STEPS = np.arange(2, 72, dtype=np.float32)[:, None]  # that are tried
_USED_LEAST = 6  # coefficients of one frequency that are not 0

_frequencies = np.add.outer(np.arange(BLOCK_PX), np.arange(BLOCK_PX))
_low = np.flatnonzero(
    (_frequencies > 0) & (_frequencies <= 4)
)  # whose coefficients are often not 0


def _dct_matrix() -> np.ndarray:
    """The orthonormal DCT-II of 8 samples, float32 (8, 8): row u, column x."""
    u, x = np.arange(BLOCK_PX)[:, None], np.arange(BLOCK_PX)
    matrix = np.cos((2 * x + 1) * u * np.pi / (2 * BLOCK_PX)) * np.sqrt(2 / BLOCK_PX)
    matrix[0] = np.sqrt(1 / BLOCK_PX)
    return matrix.astype(np.float32)


_DCT = _dct_matrix()
_HIGH = np.ascontiguousarray(_DCT[5:].T)


def steps_of(quality: float) -> np.ndarray:
    """libjpeg's luma quantisation steps for a quality from 1 to 100, (8, 8)."""
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    return np.clip(np.floor((_LUMA_TABLE * scale + 50) / 100), 1, 255)


def quality_of(table: np.ndarray) -> float | None:
    """The quality at which libjpeg's luma table is as coarse as `table`, 64 steps in any order; None for nonsense."""
    steps = np.asarray(table, np.float64).ravel()
    if (
        steps.shape != (64,)
        or not np.isfinite(steps).all()
        or steps.min() < 1
        or steps.max() > 65535
    ):
        return None
    means = [float(np.sqrt(steps_of(quality)).mean()) for quality in range(1, 101)]  # falling
    return float(np.interp(-float(np.sqrt(steps).mean()), [-mean for mean in means], range(1, 101)))


@dataclass(frozen=True)
class Damage:
    """What was found. `quality` is NO_JPEG where no JPEG was seen.

    `vector`, float64, is what a choice is made of: log2 of the energies of blocks on the grid of the JPEG and off it
    (bands times quantiles each), how clear the grid is down and across, log2 of the JPEG's quantisation steps, how
    likely it was a JPEG, log2 of the number of blocks.
    """

    quality: float
    vector: np.ndarray


def windows(image: np.ndarray) -> list[np.ndarray]:
    """Squares of an image (h, w) or (h, w, c), evenly over it, that begin at multiples of 8; all of a small one."""
    h, w = image.shape[:2]
    area = WINDOW_PX * WINDOW_PX
    if h * w <= WINDOWS * area:
        return [image]
    across = min(max(1, round((WINDOWS * w / h) ** 0.5)), max(1, w // WINDOW_PX), WINDOWS)
    down = min(max(1, WINDOWS // across), max(1, h // WINDOW_PX))
    tall, wide = min(h, WINDOW_PX), min(w, WINDOW_PX)
    tops = [
        int((2 * i + 1) * h / (2 * down) - tall / 2) // BLOCK_PX * BLOCK_PX for i in range(down)
    ]
    lefts = [
        int((2 * i + 1) * w / (2 * across) - wide / 2) // BLOCK_PX * BLOCK_PX for i in range(across)
    ]
    return [image[max(0, y) :, max(0, x) :][:tall, :wide] for y in tops for x in lefts]


def look_at(planes: list[np.ndarray], file_quality: float | None = None) -> Damage:
    """The damage of a picture, from luma windows of it, uint8 (h, w), each beginning at multiples of 8.

    `file_quality` is that of the JPEG file it comes from; the picture may have been a coarser JPEG before.
    """
    stack = _stacked(planes)
    (y, rows_found), (x, columns_found) = _grid(stack.swapaxes(1, 2)), _grid(stack)
    aligned = _blocks(stack, y, x)
    other = _blocks(stack, (y + 4) % BLOCK_PX, (x + 4) % BLOCK_PX)
    quality, likely = _quantisation(aligned, _STEP_BLOCKS)
    if likely <= _STEPS_FOUND and (y, x) != (
        0,
        0,
    ):  # fine steps leave a grid that is hard to see: try the usual one
        at_origin = _blocks(stack, 0, 0)
        found = _quantisation(at_origin, _STEP_BLOCKS // 2)
        if found[1] > _STEPS_FOUND:
            (quality, likely), aligned = found, at_origin
    quality = min(quality if likely > _STEPS_FOUND else NO_JPEG, file_quality or NO_JPEG)
    energies = [_energies(blocks) for blocks in (aligned, other)]
    seen = [rows_found, columns_found, np.log2(_coarseness(quality)), likely, np.log2(len(aligned))]
    return Damage(quality, np.concatenate([*energies, seen]).astype(np.float64))


def _stacked(planes: list[np.ndarray]) -> np.ndarray:
    """Windows as one array, float32 (n, h, w), of at least two blocks each way; all as small as the smallest."""
    h, w = (min(plane.shape[axis] for plane in planes) for axis in (0, 1))
    stack = np.stack([plane[:h, :w] for plane in planes]).astype(np.float32)
    missing = [(0, max(0, 2 * BLOCK_PX - side)) for side in (h, w)]
    return (
        np.pad(stack, ((0, 0), *missing), mode="edge")
        if any(more for _, more in missing)
        else stack
    )


def repeated(planes: list[np.ndarray]) -> float:
    """How many samples of blocks with an edge in them equal their right or lower neighbour, 0 to 1; 0 without such.

    In what is drawn on a computer most do. Noise and JPEG leave fewer, since they reach around the edges; photographs
    have hardly any.
    """
    equal = pairs = 0
    for plane in planes:
        h, w = (side // BLOCK_PX for side in plane.shape)
        inside = (
            plane[: h * BLOCK_PX, : w * BLOCK_PX].reshape(h, BLOCK_PX, w, BLOCK_PX).swapaxes(1, 2)
        )
        edges = (
            inside.max(axis=(2, 3), initial=0).astype(int) - inside.min(axis=(2, 3), initial=255)
            >= _EDGE
        )
        busy = inside[edges]
        equal += int(
            (busy[:, :, 1:] == busy[:, :, :-1]).sum() + (busy[:, 1:] == busy[:, :-1]).sum()
        )
        pairs += 2 * BLOCK_PX * (BLOCK_PX - 1) * len(busy)
    return equal / pairs if pairs else 0.0


def _coarseness(quality: float) -> float:
    """The mean quantisation step among low frequencies; 1 without a JPEG."""
    return 1.0 if quality >= NO_JPEG else float(steps_of(quality).ravel()[_low].mean())


def _grid(stack: np.ndarray) -> tuple[int, float]:
    """The column at which blocks begin, 0 to 7, and how clearly: log2 of the others' high frequencies over its own.

    A JPEG has few high frequencies within its own blocks; on any other grid its edges have more.
    """
    stack = stack[:: max(1, len(stack) // _GRID_WINDOWS)]
    columns = stack.shape[2] // BLOCK_PX * BLOCK_PX - BLOCK_PX
    totals = np.empty(BLOCK_PX)
    for offset in range(BLOCK_PX):
        parts = stack[:, :, offset : offset + columns].reshape(-1, BLOCK_PX)
        totals[offset] = np.abs(parts @ _HIGH).mean() + 1e-3
    best = int(totals.argmin())
    return best, float(np.log2(np.median(totals) / totals[best]))


def _blocks(stack: np.ndarray, y: int, x: int) -> np.ndarray:
    """The DCT of the blocks of a grid that begins at (y, x): (n, 64)."""
    h, w = ((side - at) // BLOCK_PX for side, at in zip(stack.shape[1:], (y, x), strict=True))
    inside = stack[:, y : y + h * BLOCK_PX, x : x + w * BLOCK_PX]
    rows = inside.reshape(-1, h, BLOCK_PX, w, BLOCK_PX) @ _DCT.T
    blocks = rows.transpose(0, 1, 3, 4, 2).reshape(-1, BLOCK_PX) @ _DCT.T
    return blocks.reshape(-1, BLOCK_PX, BLOCK_PX).swapaxes(1, 2).reshape(-1, BLOCK_PX * BLOCK_PX)


def _energies(blocks: np.ndarray) -> np.ndarray:
    """log2 of the mean square of each band of frequencies, in blocks from smooth to busy: bands times quantiles."""
    squares = blocks * blocks
    rows = []
    for low, high in _BANDS:
        band = squares[:, ((low <= _frequencies) & (_frequencies <= high)).ravel()].mean(axis=1)
        rows.append(np.log2(np.quantile(band, QUANTILES) + _FLOOR))
    return np.concatenate(rows)


def _quantisation(blocks: np.ndarray, count: int) -> tuple[float, float]:
    """The quality whose steps the coefficients of `count` blocks are multiples of, and the mean log likelihood ratio.

    For each low frequency the step is found by itself, so tables of any make are seen; the median says the quality.
    """
    values = blocks[:: max(1, len(blocks) // count), _low].T[:, None]  # (frequencies, 1, blocks)
    whole = np.rint(values / _STEPS)
    z = (values - _STEPS * whole) / _ROUNDING_SIGMA
    ratio = np.log(
        np.maximum(
            _STEPS / (_ROUNDING_SIGMA * np.sqrt(2 * np.pi)) * np.exp(-0.5 * z * z),
            _LIKELIHOOD_LEAST,
        )
    )
    used = whole != 0  # a coefficient of 0 is a multiple of anything
    sums, counts = (ratio * used).sum(axis=2), used.sum(axis=2)
    best = sums.argmax(axis=1)
    rows = np.arange(len(best))
    known = counts[rows, best] >= _USED_LEAST
    if not known.any():
        return NO_JPEG, 0.0
    likely = float(sums[rows, best][known].sum() / counts[rows, best][known].sum())
    coarse = float(np.median(_STEPS[best[known], 0] / _LUMA_TABLE.ravel()[_low][known]))
    return _quality_of_scale(100 * coarse), likely


def _quality_of_scale(percent: float) -> float:
    """libjpeg's quality for a table of so many per cent of the standard's."""
    return float(np.clip(5000 / percent if percent > 100 else (200 - percent) / 2, 1, NO_JPEG))
