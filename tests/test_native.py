"""The native libraries: the version of their interface, and errors that name an exceeded limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iqlut import native
from iqlut.engines import native as engine
from iqlut.engines import reference
from iqlut.native import inference
from iqlut.tables import integer_tables, layer
from iqlut.tables.integer_tables import Layer, Tables
from random_tables import random_tables

ALL_ISAS = (*engine.instruction_sets(), engine.REFERENCE)


@pytest.mark.parametrize("name", ["inference", "training"])
def test_each_library_has_the_expected_version(name: str) -> None:
    assert native.load(name).iqlut_abi_version() == native.ABI_VERSION


@pytest.mark.parametrize("name", ["inference", "training"])
def test_another_version_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "ABI_VERSION", native.ABI_VERSION + 1)
    with pytest.raises(RuntimeError) as refused:
        native.load(name)
    sentence = str(refused.value)
    assert (
        f"_{name}" in sentence
        and f"has the interface version {native.ABI_VERSION - 1}, expected {native.ABI_VERSION}; "
        "reinstall iqlut"
        in sentence
    )


def test_a_library_without_a_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import _ctypes

    monkeypatch.setattr(native, "path_of", lambda name: _ctypes.__file__)
    with pytest.raises(
        RuntimeError, match=r"has the interface version none, expected \d+; reinstall iqlut"
    ):
        native.load("inference")


def test_a_missing_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        RuntimeError, match=r"without its native library for training, expected .*; reinstall"
    ):
        native.load("training")


def with_scale(scale: int, monkeypatch: pytest.MonkeyPatch) -> Tables:
    """Tables that only the check in Python kept away."""
    monkeypatch.setattr(integer_tables, "SCALES", (*integer_tables.SCALES, scale))
    return random_tables(np.random.default_rng(0), scale, blocks=2, channels=8)


@pytest.mark.parametrize("isa", ALL_ISAS)
@pytest.mark.parametrize("scale", [5, 6])
def test_a_scale_that_no_buffer_holds_is_refused(
    scale: int, isa: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        ValueError,
        match=rf"the scale is {scale}, expected 2 to 4 .*\(IQLUT_SCALE_MAX\); use another",
    ):
        engine.build(with_scale(scale, monkeypatch), isa=isa)


def test_the_reference_engine_runs_such_a_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is a limit of the library, as the sentence says, and not of the tables."""
    assert reference.build(with_scale(5, monkeypatch))(np.zeros((3, 4), np.uint8)).shape == (15, 20)


@pytest.mark.parametrize("isa", ALL_ISAS)
def test_too_many_layers_are_refused(isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integer_tables, "LAYERS_MAX", 302)
    first, block, last = random_tables(np.random.default_rng(1), 2, 2, 1).layers
    with pytest.raises(
        ValueError, match=r"the model has 302 layers, expected 1 to 256 .*\(IQLUT_LAYERS_MAX\)"
    ):
        engine.build(Tables("long", 2, (first, *[block] * 300, last)), isa=isa)


def test_too_many_channels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "CHANNELS_MAX", 65)
    wide = random_tables(np.random.default_rng(1), 2, 2, 65)
    with pytest.raises(
        ValueError,
        match=r"layer 0 has 65 output channels, expected 1 to 64 .*\(IQLUT_CHANNELS_MAX\)",
    ):
        engine.build(wide)


@pytest.mark.parametrize(
    ("index", "field", "value", "sentence"),
    [
        (0, "kernel", 4, "layer 0 has 4 taps along a side, expected 1 to 3"),
        (1, "levels", 257, "layer 1 has 257 levels, expected 2 to 256"),
        (1, "levels", 1, "layer 1 has 1 levels, expected 2 to 256"),
        (0, "channels_in", 2, "layer 0 has 2 input channels, expected 1 to match its neighbours"),
        (1, "channels_in", 7, "layer 1 has 7 input channels, expected 8 to match its neighbours"),
        (2, "channels_out", 9, "layer 2 has 9 output channels, expected 4 to match"),
        (2, "channels_out", 0, "layer 2 has 0 output channels, expected 1 to 64"),
    ],
)
def test_other_shapes_are_refused(
    index: int, field: str, value: int, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables of Python cannot have them; the library does not rely on that."""
    good = random_tables(np.random.default_rng(2), 2, 2, 8)
    as_it_is = engine._layer

    def changed(layer: Layer) -> inference.Layer:
        made = as_it_is(layer)
        if layer is good.layers[index]:
            setattr(made, field, value)
        return made

    monkeypatch.setattr(engine, "_layer", changed)
    with pytest.raises(ValueError, match=sentence):
        engine.build(good)


def test_the_sentences_have_three_parts() -> None:
    for code, name in enumerate(native.CODES[1:], 1):
        error = native.Problem(code, 3, 5, 1, 4).error()
        assert isinstance(error, (ValueError, MemoryError, RuntimeError)) and ";" in str(error), (
            name
        )


def test_colours_are_not_for_the_plain_loops() -> None:
    upscale = engine.build(random_tables(np.random.default_rng(2), 2, 2, 8), isa=engine.REFERENCE)
    assert not hasattr(upscale, "colours")


def test_training_refuses_what_no_buffer_holds() -> None:
    torch = pytest.importorskip(
        "torch", reason="training needs PyTorch: pip install 'iqlut[train]'"
    )
    from iqlut.network.level_curve import Curve
    from iqlut.network.native_layers import ISAS, Aim, LayerSettings, MeanLoss, Residual

    knots = np.array([0, 90, 255], np.uint8)
    curve = Curve.of(knots, True)

    def parameters(channels: int, outputs: int) -> list[Any]:
        generator = torch.Generator().manual_seed(0)
        place = torch.from_numpy((knots.astype(np.float32) - 128) / 128)
        one = [
            torch.randn(1, 3, 3, 3, channels, generator=generator),
            place,
            torch.ones(channels),
            torch.ones(channels),
        ]
        return [*one, torch.randn(channels, 3, 3, 3, outputs, generator=generator), place]

    luma = torch.zeros(2, 9, 9, dtype=torch.uint8)
    for isa in (None, *ISAS):
        setting = LayerSettings((curve, curve), 5, isa=isa)
        with pytest.raises(
            ValueError, match=r"the scale is 5, expected 2 to 4 .*\(IQLUT_SCALE_MAX\)"
        ):
            Residual.apply(luma, setting, *parameters(8, 25))
        aim = Aim("charbonnier", torch.zeros(2, 9, 9, 25, dtype=torch.uint8))
        with pytest.raises(
            ValueError, match=r"the scale is 5, expected 2 to 4 .*\(IQLUT_SCALE_MAX\)"
        ):
            MeanLoss.apply(luma, setting, aim, *parameters(8, 25))
    wide = LayerSettings((curve, curve), 4)
    with pytest.raises(ValueError, match=r"layer 0 has 65 output channels, expected 1 to 64"):
        Residual.apply(luma, wide, *parameters(65, 16))
    aim = Aim("charbonnier", torch.zeros(2, 9, 9, 16, dtype=torch.uint8), margin=5)
    with pytest.raises(ValueError, match=r"the margin is 5 pixels, expected 0 to 4"):
        MeanLoss.apply(luma, wide, aim, *parameters(8, 16))


def test_both_libraries_lie_beside_their_prototypes() -> None:
    assert all(Path(native.path_of(name)).stem == f"_{name}" for name in ("inference", "training"))
