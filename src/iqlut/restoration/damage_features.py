"""Features of a luma plane that show its damage by noise and JPEG compression.

At most WINDOWS squares of the plane are looked at, so the time does not grow with the image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCK_PX = 8  # of JPEG
WINDOW_PX = 96
WINDOWS = 12
_GRID_WINDOWS = 5  # the number of windows in which the grid is looked for
_STEP_BLOCKS = 128  # the number of blocks in which quantisation steps are looked for
_ROUNDING_SIGMA = 0.35  # rounding error of a DCT coefficient of integer samples
_LIKELIHOOD_LEAST = 0.02  # of one coefficient, so that a few outliers do not decide
_STEPS_FOUND = 0.35  # the mean log likelihood ratio above which the image was a JPEG
QUANTILES = (0.05, 0.2, 0.5, 0.8)  # of the blocks, ordered from smooth to busy
_BANDS = ((1, 2), (3, 5), (6, 8), (9, 14))  # ranges of u + v, indices of the DCT
_FLOOR = 0.02  # added to each energy, so that its logarithm is finite
NO_JPEG = 100.0
_EDGE = 24  # grey levels: the least contrast of a block that has an edge

# The luma table of the JPEG standard (ISO/IEC 10918-1, table K.1). libjpeg scales it by quality.
_LUMA_TABLE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56], [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
    ], np.float32,
)  # fmt: skip
_STEPS = np.arange(2, 72, dtype=np.float32)[:, None]  # the quantisation steps that are tried
_USED_LEAST = 6  # the least number of nonzero coefficients of a frequency

_frequencies = np.add.outer(np.arange(BLOCK_PX), np.arange(BLOCK_PX))
# The low frequencies, whose coefficients are often not 0.
_low = np.flatnonzero((_frequencies > 0) & (_frequencies <= 4))


def _dct_matrix() -> np.ndarray:
    """The orthonormal DCT-II of 8 samples, float32 (8, 8): row u, column x."""
    u, x = np.arange(BLOCK_PX)[:, None], np.arange(BLOCK_PX)
    matrix = np.cos((2 * x + 1) * u * np.pi / (2 * BLOCK_PX)) * np.sqrt(2 / BLOCK_PX)
    matrix[0] = np.sqrt(1 / BLOCK_PX)
    return matrix.astype(np.float32)


_DCT = _dct_matrix()
_HIGH = np.ascontiguousarray(_DCT[5:].T)


def steps_of(quality: float) -> np.ndarray:
    """The luma quantisation steps of libjpeg, (8, 8), for a quality from 1 to 100."""
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    return np.clip(np.floor((_LUMA_TABLE * scale + 50) / 100), 1, 255)


def quality_of(table: np.ndarray) -> float | None:
    """The quality at which the luma table of libjpeg is as coarse as `table`.

    `table` holds 64 steps in any order. Returns None if it is not a quantisation table.
    """
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
class MeasuredDamage:
    """The damage of an image.

    quality  of the JPEG that the image is or was, 1 to 100; NO_JPEG if none was found
    vector   the features, float64: log2 of the energies of blocks on the JPEG grid and off it
             (bands times quantiles each), how clear the grid is vertically and horizontally, log2
             of the quantisation steps, the log likelihood ratio of a JPEG, log2 of the number of
             blocks
    """

    quality: float
    vector: np.ndarray


def windows(image: np.ndarray) -> list[np.ndarray]:
    """Square windows, spread evenly over an image (h, w) or (h, w, c), at multiples of 8.

    A small image is one window.
    """
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


def look_at(planes: list[np.ndarray], file_quality: float | None = None) -> MeasuredDamage:
    """The damage of an image.

    planes        luma windows of the image, uint8 (h, w), that begin at multiples of 8
    file_quality  of the JPEG file that holds the image; it may have been a coarser JPEG before
    """
    stack = _stacked(planes)
    (y, rows_found), (x, columns_found) = _grid(stack.swapaxes(1, 2)), _grid(stack)
    aligned = _blocks(stack, y, x)
    other = _blocks(stack, (y + 4) % BLOCK_PX, (x + 4) % BLOCK_PX)
    quality, likely = _quantisation(aligned, _STEP_BLOCKS)
    if likely <= _STEPS_FOUND and (y, x) != (0, 0):
        # Fine quantisation leaves a grid that is hard to see: try the usual one.
        at_origin = _blocks(stack, 0, 0)
        found = _quantisation(at_origin, _STEP_BLOCKS // 2)
        if found[1] > _STEPS_FOUND:
            (quality, likely), aligned = found, at_origin
    quality = min(quality if likely > _STEPS_FOUND else NO_JPEG, file_quality or NO_JPEG)
    energies = [_energies(blocks) for blocks in (aligned, other)]
    seen = [rows_found, columns_found, np.log2(_coarseness(quality)), likely, np.log2(len(aligned))]
    return MeasuredDamage(quality, np.concatenate([*energies, seen]).astype(np.float64))


def _stacked(planes: list[np.ndarray]) -> np.ndarray:
    """The windows as one array, float32 (n, h, w), each cropped to the size of the smallest.

    The result is at least two blocks high and wide.
    """
    h, w = (min(plane.shape[axis] for plane in planes) for axis in (0, 1))
    stack = np.stack([plane[:h, :w] for plane in planes]).astype(np.float32)
    missing = [(0, max(0, 2 * BLOCK_PX - side)) for side in (h, w)]
    return (
        np.pad(stack, ((0, 0), *missing), mode="edge")
        if any(more for _, more in missing)
        else stack
    )


def repeated(planes: list[np.ndarray]) -> float:
    """The share, 0 to 1, of samples near edges that equal their right or lower neighbour.

    Only blocks with an edge count; without any the share is 0. Most samples of computer graphics
    repeat. Noise and JPEG compression leave fewer, since they alter samples around edges, and
    photographs have hardly any.
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
    """The mean quantisation step of the low frequencies; 1 without a JPEG."""
    return 1.0 if quality >= NO_JPEG else float(steps_of(quality).ravel()[_low].mean())


def _grid(stack: np.ndarray) -> tuple[int, float]:
    """The column, 0 to 7, at which JPEG blocks begin, and how clear that is.

    A JPEG has little high-frequency energy within its own blocks; on any other grid the edges of
    the blocks add some. The second value is log2 of the ratio between the median over all columns
    and the column found.
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
    """The DCT coefficients, (n, 64), of the blocks of a grid that begins at (y, x)."""
    h, w = ((side - at) // BLOCK_PX for side, at in zip(stack.shape[1:], (y, x), strict=True))
    inside = stack[:, y : y + h * BLOCK_PX, x : x + w * BLOCK_PX]
    rows = inside.reshape(-1, h, BLOCK_PX, w, BLOCK_PX) @ _DCT.T
    blocks = rows.transpose(0, 1, 3, 4, 2).reshape(-1, BLOCK_PX) @ _DCT.T
    return blocks.reshape(-1, BLOCK_PX, BLOCK_PX).swapaxes(1, 2).reshape(-1, BLOCK_PX * BLOCK_PX)


def _energies(blocks: np.ndarray) -> np.ndarray:
    """log2 of the mean square of each frequency band at each quantile of blocks, flattened."""
    squares = blocks * blocks
    rows = []
    for low, high in _BANDS:
        band = squares[:, ((low <= _frequencies) & (_frequencies <= high)).ravel()].mean(axis=1)
        rows.append(np.log2(np.quantile(band, QUANTILES) + _FLOOR))
    return np.concatenate(rows)


def _quantisation(blocks: np.ndarray, count: int) -> tuple[float, float]:
    """The JPEG quality that fits the coefficients of `count` blocks, and its log likelihood ratio.

    The step of each low frequency is estimated separately, so that any quantisation table is
    recognised; the median over frequencies gives the quality.
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
    """The quality of libjpeg for a quantisation table of `percent` of the standard one."""
    return float(np.clip(5000 / percent if percent > 100 else (200 - percent) / 2, 1, NO_JPEG))
