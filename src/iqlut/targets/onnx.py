"""`onnx`: the tables as one ONNX graph for runtimes of neural networks, with the same pixels.

The graph maps `luma`, uint8 (n, 1, h, w), to `upscaled`, uint8 (n, 1, scale * h, scale * w); n, h
and w are free. It needs the package onnx: pip install 'iqlut[onnx]'.

Each layer looks up the hats of its signals: for every level the weight, 0 to 32, that
`arithmetic.blend` gives it. A convolution of the hats by the entries is then the accumulator. It is
computed in float32, which runtimes and browsers do everywhere and fastest, and is exact: a sum of
64 channels, 9 taps and entries of at most 127 stays below `_OFFSET`, and float32 holds all integers
up to 2**24. Everything after it is int32 and uint32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iqlut import arithmetic as ar
from iqlut.errors import MissingPackage
from iqlut.tables.integer_tables import Layer, Tables
from iqlut.targets import Files
from iqlut.targets.folder import identifier, provenance

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    raise MissingPackage(
        "the package onnx is not installed, which the target onnx requires; "
        "run pip install 'iqlut[onnx]'"
    ) from None

OPSET, IR_VERSION = 18, 9  # what onnxruntime 1.15 and all later versions read
_OFFSET = 1 << 22  # added to accumulators, so that the shift of a negative one is one of uint32


def emit(tables: Tables) -> Files:
    """The graph of one set of tables."""
    graph = _Graph()
    luma = signal = "luma"
    for index, layer in enumerate(tables.layers[:-1]):
        own = graph.cast(signal, np.int32) if layer.channels_in in (1, layer.channels_out) else None
        signal = graph.layer(f"layer_{index}", layer, signal, own)
    last = len(tables.layers) - 1
    base = graph.bilinear(luma, tables.scale)
    phases = graph.layer(f"layer_{last}", tables.layers[last], signal, base)
    graph.add("DepthToSpace", [phases], output="upscaled", blocksize=tables.scale, mode="CRD")
    return {
        f"{identifier(tables.name)}.onnx": graph.model(tables).SerializeToString(deterministic=True)
    }


class _Graph:
    """Nodes and constants in the order in which they are added."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def add(self, operator: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        output = output or f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name: str, array: np.ndarray) -> str:
        """Store an array, and return its name."""
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def cast(self, name: str, dtype: type) -> str:
        """The same values as another type."""
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.add("Cast", [name], to=kind)

    def padded(self, name: str, before: int, after: int) -> str:
        """Edge replication of (n, c, h, w)."""
        if before == after == 0:
            return name
        pads = np.array([0, 0, before, before, 0, 0, after, after], np.int64)
        return self.add("Pad", [name, self.constant(f"pads_{before}_{after}", pads)], mode="edge")

    def layer(self, name: str, layer: Layer, signal: str, skip_signal: str | None) -> str:
        """One layer from uint8 (n, c, h, w) to uint8 (n, d, h, w)."""
        acc = self.expand(name, layer, self.padded(signal, *ar.footprint(layer.kernel)))
        acc = self.add("Mul", [acc, self._of_outputs(f"{name}.gain", layer.gain)])
        if skip_signal is not None:
            skip = self._of_outputs(f"{name}.skip", layer.skip)
            acc = self.add("Add", [acc, self.add("Mul", [skip_signal, skip])])
        total = self.add("Add", [acc, self._of_outputs(f"{name}.bias", layer.bias)])
        # arithmetic.requantise clips after the shift. Clipping before it gives the same signal.
        most = min(((ar.SIGNAL_MAX + 1) << layer.shift) - 1, ar.INT32_MAX)
        limits = [
            self.constant("zero", np.array(0, np.int32)),
            self.constant(f"most_{layer.shift}", np.array(most, np.int32)),
        ]
        clipped = self.cast(self.add("Clip", [total, *limits]), np.uint32)
        return self.cast(self._shifted(clipped, layer.shift), np.uint8)

    def expand(self, name: str, layer: Layer, padded: str) -> str:
        """arithmetic.round_shift of the accumulator, int32 (n, d, h, w)."""
        table = self.cast(self.constant(f"{name}.hats", layer.hats), np.float32)
        last_axis = self.add("Transpose", [self.cast(padded, np.int32)], perm=[0, 2, 3, 1])
        hats = self.add("Gather", [table, last_axis])  # (n, h, w, c, levels)
        shape = np.array([0, 0, 0, layer.channels_in * layer.levels], np.int64)
        hats = self.add("Reshape", [hats, self.constant(f"{name}.shape", shape)])
        hats = self.add("Transpose", [hats], perm=[0, 3, 1, 2])
        c, levels, k, _, d = layer.lut.shape
        weights = layer.lut.transpose(4, 0, 1, 2, 3).reshape(d, c * levels, k, k)
        weights = self.cast(self.constant(f"{name}.lut", weights), np.float32)
        half = (1 << layer.acc_shift) >> 1
        start = self.constant(f"{name}.start", np.full(d, _OFFSET + half, np.float32))
        sums = self.cast(self.add("Conv", [hats, weights, start]), np.uint32)
        shifted = self.cast(self._shifted(sums, layer.acc_shift), np.int32)
        offset = np.array(_OFFSET >> layer.acc_shift, np.int32)
        return self.add("Sub", [shifted, self.constant(f"offset_{layer.acc_shift}", offset)])

    def bilinear(self, luma: str, scale: int) -> str:
        """arithmetic.bilinear of all phases, int32 (n, scale**2, h, w)."""
        along = np.array(ar.bilinear_weights(scale), np.float32)
        weights = np.einsum("pi,qj->pqij", along, along).reshape(scale**2, 1, 3, 3)
        plane = self.cast(self.padded(luma, 1, 1), np.float32)
        return self.cast(self.add("Conv", [plane, self.constant("bilinear", weights)]), np.int32)

    def _shifted(self, name: str, shift: int) -> str:
        """uint32 values shifted to the right."""
        if shift == 0:
            return name
        by = self.constant(f"shift_{shift}", np.array(shift, np.uint32))
        return self.add("BitShift", [name, by], direction="RIGHT")

    def _of_outputs(self, name: str, values: np.ndarray) -> str:
        """A value for each output channel, int32 (1, d, 1, 1)."""
        return self.constant(name, values.astype(np.int32).reshape(1, -1, 1, 1))

    def model(self, tables: Tables) -> Any:
        """The whole model, checked by onnx."""
        luma = helper.make_tensor_value_info("luma", TensorProto.UINT8, ["n", 1, "h", "w"])
        upscaled = helper.make_tensor_value_info(
            "upscaled", TensorProto.UINT8, ["n", 1, f"{tables.scale}*h", f"{tables.scale}*w"]
        )
        graph = helper.make_graph(
            self._nodes, tables.name, [luma], [upscaled], list(self._constants.values())
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="iqlut",
        )
        helper.set_model_props(model, {key: str(fact) for key, fact in provenance(tables).items()})
        onnx.checker.check_model(model, full_check=True)
        return model
