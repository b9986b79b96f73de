"""Other upscalers on a CPU, where the extra `bench` is installed: OpenCV, and small networks.

The networks run under onnxruntime, in float32 and in int8.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from iqlut.timing.interleaved import TimedUpscaler
from iqlut.timing.small_networks import INT8, NETWORKS, network
from iqlut.timing.timed_upscalers import sample_plane


def peers(scale: int, size: tuple[int, int], threads: tuple[int, ...]) -> list[TimedUpscaler]:
    """Return OpenCV on one thread, and the networks on each number of threads, where installed."""
    width, height = size
    plane = sample_plane(width, height)
    found = [
        TimedUpscaler(name, run, scale, width, height)
        for name, run in _opencv(plane, scale).items()
    ]
    if _module("onnx") and _module("onnxruntime"):
        models = {name: network(name, scale) for name in NETWORKS}
        models |= {
            f"{name}-int8": _quantised(network(name, scale, only_relu=True), plane) for name in INT8
        }
        for name, model in models.items():
            for count in threads:
                run = _session(model, plane, count)
                found.append(TimedUpscaler(name, run, scale, width, height, threads=count))
    return found


def _module(name: str) -> Any:
    """Return the module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _opencv(plane: np.ndarray, scale: int) -> dict[str, Callable[[], object]]:
    cv2 = _module("cv2")
    if cv2 is None:
        return {}
    cv2.setNumThreads(1)
    size = (plane.shape[1] * scale, plane.shape[0] * scale)
    ways = {"opencv-bicubic": cv2.INTER_CUBIC, "opencv-lanczos": cv2.INTER_LANCZOS4}
    return {name: partial(cv2.resize, plane, size, interpolation=way) for name, way in ways.items()}


def _session(model: bytes, plane: np.ndarray, threads: int) -> Callable[[], object]:
    """Return a run of the network on the plane as floats from 0 to 1, without conversion back to
    bytes.
    """
    runtime = _module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry(
        "session.intra_op.allow_spinning", "0"
    )  # idle threads must not take time from the other upscalers
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return partial(session.run, None, {"luma": _luma(plane)})


def _luma(plane: np.ndarray) -> np.ndarray:
    """Return the plane as what the networks take: float32 (1, 1, h, w), 0 to 1."""
    return (plane / np.float32(255)).astype(np.float32)[None, None]


class _Calibration:
    """Gives one plane to onnxruntime's quantiser, which asks until it gets None."""

    def __init__(self, plane: np.ndarray) -> None:
        self._inputs = iter([{"luma": _luma(plane)}])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._inputs, None)


def _quantised(model: bytes, plane: np.ndarray) -> bytes:
    """Return an ONNX file with activations and weights in int8, weights for each channel."""
    quantisation = importlib.import_module("onnxruntime.quantization")
    with TemporaryDirectory() as folder:
        whole, small = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        whole.write_bytes(model)
        logging.disable(logging.WARNING)  # it recommends a step that these networks do not need
        quantisation.quantize_static(
            whole,
            small,
            _Calibration(plane),
            quant_format=quantisation.QuantFormat.QDQ,
            activation_type=quantisation.QuantType.QUInt8,
            weight_type=quantisation.QuantType.QInt8,
            per_channel=True,
        )
        logging.disable(logging.NOTSET)
        return small.read_bytes()
