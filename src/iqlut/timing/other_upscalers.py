"""Other upscalers on a CPU, where the extra `bench` is installed: OpenCV, and small networks.

The networks are of about our quality and run under onnxruntime. Their weights are random, since
only their time matters here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from iqlut.timing.interleaved import TimedUpscaler
from iqlut.timing.timed_upscalers import sample_plane

NETWORKS = ("ecbsr-m4c16", "espcn", "sesr-m5", "fsrcnn")
_OPSET = 17
_SEED = 1


def peers(scale: int, size: tuple[int, int], threads: tuple[int, ...]) -> list[TimedUpscaler]:
    """Return OpenCV on one thread, and the networks on each number of threads, where installed."""
    width, height = size
    plane = sample_plane(width, height)
    found = [
        TimedUpscaler(name, run, scale, width, height)
        for name, run in _opencv(plane, scale).items()
    ]
    if _module("onnx") and _module("onnxruntime"):
        for name in NETWORKS:
            model = network(name, scale)
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
    luma = (plane / np.float32(255)).astype(np.float32)[None, None]
    return partial(session.run, None, {"luma": luma})


def network(name: str, scale: int) -> bytes:
    """Return one of `NETWORKS`, luma to luma, as the bytes of an ONNX file."""
    graph = _Graph()
    build = {"ecbsr-m4c16": _ecbsr, "espcn": _espcn, "sesr-m5": _sesr, "fsrcnn": _fsrcnn}[name]
    return graph.file(build(graph, scale), name)


def _espcn(graph: _Graph, scale: int) -> str:
    """Shi et al., CVPR 2016: 5x5 to 64, 3x3 to 32, 3x3 to the phases."""
    x = graph.add("Tanh", graph.conv("luma", 1, 64, 5))
    x = graph.add("Tanh", graph.conv(x, 64, 32, 3))
    return graph.shuffle(graph.conv(x, 32, scale**2, 3), scale)


def _fsrcnn(graph: _Graph, scale: int) -> str:
    """Dong et al., ECCV 2016, with d = 56, s = 12, m = 4."""
    x = graph.prelu(graph.conv("luma", 1, 56, 5), 56)
    x = graph.prelu(graph.conv(x, 56, 12, 1), 12)
    for _ in range(4):
        x = graph.prelu(graph.conv(x, 12, 12, 3), 12)
    x = graph.prelu(graph.conv(x, 12, 56, 1), 56)
    weight, bias = graph.weight((56, 1, 9, 9)), graph.weight((1,))
    return graph.add(
        "ConvTranspose",
        x,
        weight,
        bias,
        strides=[scale] * 2,
        pads=[4] * 4,
        output_padding=[scale - 1] * 2,
    )


def _ecbsr(graph: _Graph, scale: int) -> str:
    """Zhang et al., ACM MM 2021, M4C16 with its blocks folded into 3x3 convolutions."""
    x = graph.prelu(graph.conv("luma", 1, 16, 3), 16)
    for _ in range(4):
        x = graph.prelu(graph.conv(x, 16, 16, 3), 16)
    return graph.shuffle(graph.add("Add", graph.conv(x, 16, scale**2, 3), "luma"), scale)


def _sesr(graph: _Graph, scale: int) -> str:
    """Bhardwaj et al., MLSys 2022, M5 with its linear blocks and short residuals folded."""
    x = first = graph.prelu(graph.conv("luma", 1, 16, 5), 16)
    for _ in range(5):
        x = graph.prelu(graph.conv(x, 16, 16, 3), 16)
    x = graph.conv(graph.add("Add", x, first), 16, scale**2, 5)
    return graph.shuffle(graph.add("Add", x, "luma"), scale)


class _Graph:
    """A graph of ONNX nodes with random weights, in which tensors are named by strings."""

    def __init__(self) -> None:
        self._onnx = _module("onnx")
        self._nodes: list[Any] = []
        self._weights: list[Any] = []
        self._rng = np.random.default_rng(_SEED)

    def add(self, operator: str, *inputs: str, **attributes: int | list[int] | str) -> str:
        out = f"t{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operator, inputs, [out], **attributes))
        return out

    def weight(self, shape: tuple[int, ...]) -> str:
        name, values = f"w{len(self._weights)}", 0.1 * self._rng.standard_normal(shape, np.float32)
        self._weights.append(self._onnx.numpy_helper.from_array(values, name))
        return name

    def conv(self, x: str, channels_in: int, channels_out: int, kernel: int) -> str:
        weight, bias = (
            self.weight((channels_out, channels_in, kernel, kernel)),
            self.weight((channels_out,)),
        )
        return self.add("Conv", x, weight, bias, kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4)

    def prelu(self, x: str, channels: int) -> str:
        return self.add("PRelu", x, self.weight((channels, 1, 1)))

    def shuffle(self, x: str, scale: int) -> str:
        return self.add("DepthToSpace", x, blocksize=scale, mode="CRD")

    def file(self, out: str, name: str) -> bytes:
        helper, real = self._onnx.helper, self._onnx.TensorProto.FLOAT
        values = [
            helper.make_tensor_value_info(tensor, real, [1, 1, None, None])
            for tensor in ("luma", out)
        ]
        graph = helper.make_graph(self._nodes, name, values[:1], values[1:], self._weights)
        opsets = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
