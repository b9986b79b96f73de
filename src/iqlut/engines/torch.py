"""The torch engine: the functions of `arithmetic.py`, applied to integer tensors on any device.

It serves to check tables where they are trained, and to upscale large batches on a GPU. It needs
PyTorch: pip install 'iqlut[train]'.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np

from iqlut import arithmetic as ar
from iqlut.engines import check_plane
from iqlut.errors import MissingPackage
from iqlut.planes.plane_types import UpscalePlane
from iqlut.tables.integer_tables import Tables
from iqlut.tables.layer import Layer

try:
    import torch
except ImportError:
    raise MissingPackage(
        "PyTorch is not installed, which the torch engine requires; run pip install 'iqlut[train]'"
    ) from None

# Input pixels that are processed at a time: as many as fit a CPU cache, and on a GPU a bound of
# the memory.
_BAND_CPU_PX, _BAND_GPU_PX = 1 << 12, 1 << 20


def build(tables: Tables, threads: int = 1, device: str | None = None) -> UpscalePlane:
    """See `iqlut.engines`.

    `device` is a device name of PyTorch; None selects the GPU if there is one, or else the CPU.
    """
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    layers = [_load(layer, place) for layer in tables.layers]

    def upscale(luma: np.ndarray) -> np.ndarray:
        luma = check_plane(luma)
        with torch.no_grad(), _threads(threads):
            plane = torch.from_numpy(luma.astype(np.int32)).to(place)
            signal = plane[:, :, None]
            for layer in layers[:-1]:
                own = ar.skip_signal(signal, len(layer.gain))
                signal = ar.requantise(_expand(layer, signal), own, layer)
            phases = ar.requantise(
                _expand(layers[-1], signal), _base(plane, tables.scale), layers[-1]
            )
            return ar.shuffle(phases.to(torch.uint8), tables.scale).cpu().numpy()

    return upscale


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let PyTorch use `count` threads within the block, and restore the number afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _load(layer: Layer, place: torch.device) -> SimpleNamespace:
    """The values of a layer that `_expand` and `arithmetic.requantise` read, on the device.

    Arrays become int32 tensors. The rows of all channels are concatenated in `rows`; `start` holds
    the first row of each channel.
    """

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array.astype(np.int32)).to(place)

    return SimpleNamespace(
        kernel=layer.kernel,
        rows=tensor(layer.lut.reshape(layer.channels_in * layer.levels, -1)),
        start=tensor(np.arange(layer.channels_in) * layer.levels),
        curve=tensor(layer.curve),
        gain=tensor(layer.gain),
        skip=tensor(layer.skip),
        bias=tensor(layer.bias),
        acc_shift=layer.acc_shift,
        shift=layer.shift,
    )


def _expand(layer: SimpleNamespace, signal: torch.Tensor) -> torch.Tensor:
    """The expanded convolution of signal (h, w, c) to accumulator int32 (h, w, d), band by band."""
    h, w, _ = signal.shape
    before, after = ar.footprint(layer.kernel)
    padded = _pad(signal, before, after)
    band = max(1, (_BAND_CPU_PX if signal.device.type == "cpu" else _BAND_GPU_PX) // w)
    tops = range(0, h, band)
    return torch.cat(
        [_expand_band(layer, padded[top : min(top + band, h) + before + after]) for top in tops]
    )


def _expand_band(layer: SimpleNamespace, padded: torch.Tensor) -> torch.Tensor:
    """Compute all taps of each channel at once, sum over channels, then add the shifted taps."""
    k = layer.kernel
    h, w = padded.shape[0] - k + 1, padded.shape[1] - k + 1
    code, fraction = layer.curve[:, padded]
    taps = torch.zeros(
        (*padded.shape[:2], layer.rows.shape[1]), dtype=torch.int32, device=padded.device
    )
    for c, start in enumerate(layer.start):
        row = code[:, :, c] + start
        taps += ar.blend(layer.rows[row], layer.rows[row + 1], fraction[:, :, c, None])
    taps = taps.unflatten(2, (k, k, -1))
    acc = torch.zeros((h, w, taps.shape[4]), dtype=torch.int32, device=padded.device)
    for i in range(k):
        for j in range(k):
            acc += taps[i : i + h, j : j + w, i, j]
    return acc


def _pad(signal: torch.Tensor, before: int, after: int) -> torch.Tensor:
    """Replicate the edges of (h, w, ...).

    `before` pixels are added above and on the left, `after` below and on the right.
    """
    for axis in (0, 1):
        size = signal.shape[axis]
        nearest = torch.arange(-before, size + after, device=signal.device).clamp(0, size - 1)
        signal = signal.index_select(axis, nearest)
    return signal


def _base(plane: torch.Tensor, scale: int) -> torch.Tensor:
    """The bilinear base in fixed point: luma (h, w) to int32 (h, w, scale * scale)."""
    padded = _pad(plane, 1, 1)
    return torch.stack(
        [ar.bilinear(padded, scale, p, q) for p in range(scale) for q in range(scale)], dim=2
    )
