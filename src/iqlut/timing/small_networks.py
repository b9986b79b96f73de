"""Small super-resolution networks as ONNX graphs, luma to luma.

Their weights are random: only their time is measured, their quality is what their authors publish.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

_OPSET = 17
_SEED = 1


def network(name: str, scale: int, only_relu: bool = False) -> bytes:
    """Return one of `NETWORKS` as the bytes of an ONNX file.

    With `only_relu`, ReLU takes the place of PReLU, which onnxruntime does not quantise.
    """
    graph = _Graph(only_relu)
    return graph.file(_BUILD[name](graph, scale), name)


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


def _sesr(graph: _Graph, scale: int, blocks: int) -> str:
    """Bhardwaj et al., MLSys 2022, with its linear blocks and short residuals folded."""
    x = first = graph.prelu(graph.conv("luma", 1, 16, 5), 16)
    for _ in range(blocks):
        x = graph.prelu(graph.conv(x, 16, 16, 3), 16)
    x = graph.conv(graph.add("Add", x, first), 16, scale**2, 5)
    return graph.shuffle(graph.add("Add", x, "luma"), scale)


def _abpn(graph: _Graph, scale: int) -> str:
    """Du et al., CVPR Workshops 2021, M4C28 for luma instead of RGB."""
    x, phases = graph.relu(graph.conv("luma", 1, 28, 3)), scale**2
    for _ in range(4):
        x = graph.relu(graph.conv(x, 28, 28, 3))
    x = graph.conv(graph.relu(graph.conv(x, 28, phases, 3)), phases, phases, 3)
    return graph.shuffle(graph.add("Add", x, "luma"), scale)


def _etds(graph: _Graph, scale: int) -> str:
    """Chao et al., CVPR 2023, M in the form for inference, for luma instead of RGB."""
    x, phases = graph.relu(graph.conv("luma", 1, 32, 3)), scale**2
    for _ in range(6):
        x = graph.relu(graph.conv(x, 32, 32, 3))
    x = graph.relu(graph.conv(x, 32, phases, 3))
    return graph.shuffle(graph.relu(graph.conv(x, phases, phases, 1)), scale)


class _Graph:
    """A graph of ONNX nodes with random weights, in which tensors are named by strings."""

    def __init__(self, only_relu: bool = False) -> None:
        self._onnx: Any = importlib.import_module("onnx")
        self._only_relu = only_relu
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

    def relu(self, x: str) -> str:
        return self.add("Relu", x)

    def prelu(self, x: str, channels: int) -> str:
        if self._only_relu:
            return self.relu(x)
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


_BUILD: dict[str, Callable[[_Graph, int], str]] = {
    "ecbsr-m4c16": _ecbsr,
    "espcn": _espcn,
    "sesr-m5": partial(_sesr, blocks=5),
    "sesr-m11": partial(_sesr, blocks=11),
    "fsrcnn": _fsrcnn,
    "abpn-m4c28": _abpn,
    "etds-m": _etds,
}
NETWORKS = tuple(_BUILD)
INT8 = ("ecbsr-m4c16", "sesr-m5", "sesr-m11", "abpn-m4c28", "etds-m")  # measured in int8 as well
