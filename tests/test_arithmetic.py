"""The integer arithmetic is correct on whole domains and equal for NumPy arrays and tensors."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from iqlut import arithmetic as ar

SCALES = (2, 3, 4)


def all_knots() -> list[np.ndarray]:
    """Every position of one inner knot, the closest and widest spacings, and random ones."""
    rng = np.random.default_rng(11)
    curves = [np.array([0, inner, 255]) for inner in range(1, 255)]
    curves += [
        np.array([0, 255]),
        np.arange(256),
        np.arange(16) * 17,
        np.r_[0:15, 255],
        np.r_[0, 241:256],
    ]
    curves += [
        np.sort(np.r_[0, 255, 1 + rng.choice(254, levels - 2, False)])
        for levels in range(2, 257, 3)
    ]
    return [knots.astype(np.uint8) for knots in curves]


@pytest.mark.parametrize("shift", [0, 1, 2, 5, 15])
def test_round_shift_on_all_int16(shift: int) -> None:
    value = np.arange(-32768, 32768, dtype=np.int32)
    np.testing.assert_array_equal(
        ar.round_shift(value, shift), np.floor(value / 2**shift + 0.5 * (shift > 0))
    )
    assert ar.round_shift(-3, 1) == -1 and ar.round_shift(3, 1) == 2  # halves towards plus infinity


def test_curves_say_where_a_signal_lies() -> None:
    signal = np.arange(256)
    for knots in all_knots():
        code, fraction = ar.expand_knots(knots).astype(int)
        assert code.min() == 0 and code.max() <= len(knots) - 2 and (np.diff(code) >= 0).all()
        low, high = knots.astype(int)[code], knots.astype(int)[code + 1]
        assert ((low <= signal) & (signal <= high)).all()
        exact = ar.ONE * (signal - low) / (high - low)
        assert np.abs(fraction - exact).max() <= 0.5  # the nearest of 33
        assert fraction[0] == 0 and fraction[255] == ar.ONE
        assert (np.diff(ar.ONE * code + fraction) >= 0).all()  # no signal passes another


def test_a_knot_reads_its_own_row() -> None:
    for knots in all_knots():
        code, fraction = ar.expand_knots(knots)[:, knots].astype(int)
        np.testing.assert_array_equal(ar.ONE * code + fraction, ar.ONE * np.arange(len(knots)))


def test_curves_without_interpolation_take_the_nearest_level() -> None:
    signal = np.arange(256)
    for knots in all_knots():
        code, fraction = ar.expand_knots(knots, interpolate=False).astype(int)
        assert set(np.unique(fraction)) <= {0, ar.ONE}
        chosen = knots.astype(int)[code + fraction // ar.ONE]
        assert (
            np.abs(chosen - signal) == np.abs(knots.astype(int)[:, None] - signal).min(axis=0)
        ).all()
        np.testing.assert_array_equal(code, ar.expand_knots(knots)[0])


def test_blend_on_its_whole_domain() -> None:
    below = np.arange(-127, 128, dtype=np.int32)[:, None, None]
    above = np.arange(-127, 128, dtype=np.int32)[None, :, None]
    fraction = np.arange(ar.ONE + 1, dtype=np.int32)
    blend = ar.blend(below, above, fraction)
    assert np.abs(blend).max() == ar.ONE * ar.ENTRY_MAX == 4064
    assert 8 * np.abs(blend).max() <= ar.ACC16_MAX  # eight channels fit int16
    np.testing.assert_array_equal(
        blend[:, :, 0], np.broadcast_to(ar.ONE * below[:, :, 0], (255, 255))
    )
    np.testing.assert_array_equal(
        blend[:, :, ar.ONE], np.broadcast_to(ar.ONE * above[:, :, 0], (255, 255))
    )
    steps = np.diff(blend, axis=2)
    assert (steps == (above - below)).all()


@pytest.mark.parametrize("scale", range(1, 9))
def test_bilinear_weights(scale: int) -> None:
    weights = np.array(ar.bilinear_weights(scale))
    assert (weights >= 0).all() and (weights.sum(axis=1) == 2 * scale).all()
    np.testing.assert_array_equal(weights, weights[::-1, ::-1])
    centre = weights @ np.array([-1, 0, 1]) / (2 * scale)
    np.testing.assert_allclose(centre, (np.arange(scale) + 0.5) / scale - 0.5, atol=1e-12)


@pytest.mark.parametrize("scale", SCALES)
def test_the_base_keeps_every_constant_and_every_ramp(scale: int) -> None:
    for value in range(256):
        padded = np.full((4, 5), value, np.int32)
        for phase in range(scale**2):
            base = ar.bilinear(padded, scale, *divmod(phase, scale))
            assert base.shape == (2, 3) and (base == value * (2 * scale) ** 2).all()
    ramp = np.arange(10, dtype=np.int32)[None, :].repeat(3, axis=0)
    lines = [ar.bilinear(ramp, scale, 0, phase)[0] for phase in range(scale)]
    steps = np.diff(np.stack(lines, axis=1).ravel())
    assert (steps == 4 * scale).all()  # (2 * scale) ** 2 for each pixel, in `scale` equal steps
    assert scale != 4 or 255 * (2 * scale) ** 2 == 16320


@pytest.mark.parametrize(("kernel", "sides"), [(1, (0, 0)), (2, (0, 1)), (3, (1, 1))])
def test_footprint(kernel: int, sides: tuple[int, int]) -> None:
    assert ar.footprint(kernel) == sides and sum(sides) + 1 == kernel


def layer(rng: np.random.Generator, d: int) -> SimpleNamespace:
    return SimpleNamespace(
        acc_shift=int(rng.integers(0, 6)),
        shift=int(rng.integers(0, 20)),
        gain=rng.integers(-3000, 3001, d).astype(np.int32),
        skip=rng.integers(-3000, 3001, d).astype(np.int32),
        bias=rng.integers(-(1 << 27), 1 << 27, d).astype(np.int32),
    )


def test_requantise_is_the_exact_quotient_within_the_signal() -> None:
    rng = np.random.default_rng(12)
    for _ in range(50):
        constants = layer(rng, 8)
        acc = rng.integers(-32767, 32768, (7, 9, 8)).astype(np.int32)
        skip_signal = rng.integers(0, 256, (7, 9, 1)).astype(np.int32)
        out = ar.requantise(acc, skip_signal, constants)
        half = 2**constants.acc_shift // 2
        small = np.floor((acc + half) / 2**constants.acc_shift)
        exact = small * constants.gain + skip_signal * constants.skip.astype(float) + constants.bias
        np.testing.assert_array_equal(out, np.floor(exact / 2**constants.shift).clip(0, 255))


def test_an_identity_layer_keeps_every_signal() -> None:
    signal = np.arange(256, dtype=np.int32)[None, :, None]
    identity = SimpleNamespace(
        acc_shift=0, shift=8, gain=np.int32(0), skip=np.int32(256), bias=np.int32(128)
    )
    np.testing.assert_array_equal(ar.requantise(np.zeros_like(signal), signal, identity), signal)


def test_torch_tensors_give_the_same() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    rng = np.random.default_rng(13)
    acc = rng.integers(-(1 << 20), 1 << 20, (11, 13, 16)).astype(np.int32)
    for shift in range(16):
        np.testing.assert_array_equal(
            ar.round_shift(torch.from_numpy(acc), shift).numpy(), ar.round_shift(acc, shift)
        )
    entries = rng.integers(-127, 128, (2, 999)).astype(np.int32)
    fraction = rng.integers(0, ar.ONE + 1, 999).astype(np.int32)
    tensors = torch.from_numpy(entries), torch.from_numpy(fraction)
    blend = ar.blend(tensors[0][0], tensors[0][1], tensors[1])
    np.testing.assert_array_equal(blend.numpy(), ar.blend(entries[0], entries[1], fraction))
    padded = rng.integers(0, 256, (9, 8)).astype(np.int32)
    for scale in SCALES:
        for phase in range(scale**2):
            at = divmod(phase, scale)
            expected = ar.bilinear(padded, scale, *at)
            np.testing.assert_array_equal(
                ar.bilinear(torch.from_numpy(padded), scale, *at).numpy(), expected
            )
    for _ in range(20):
        constants = layer(rng, 16)
        on_torch = SimpleNamespace(**vars(constants))
        for name in ("gain", "skip", "bias"):
            setattr(on_torch, name, torch.from_numpy(getattr(constants, name)))
        small = (acc >> 5).astype(np.int32)
        skip_signal = rng.integers(0, 256, (11, 13, 1)).astype(np.int32)
        out = ar.requantise(torch.from_numpy(small), torch.from_numpy(skip_signal), on_torch)
        assert out.dtype == torch.int32
        np.testing.assert_array_equal(out.numpy(), ar.requantise(small, skip_signal, constants))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_shuffle_and_its_inverse(scale: int) -> None:
    """Phase (p, q) of low-resolution pixel (y, x) is the pixel (scale * y + p, scale * x + q)."""
    phases = np.arange(2 * 3 * 5 * scale**2).reshape(2, 3, 5, scale**2)
    planes = ar.shuffle(phases, scale)
    assert planes.shape == (2, 3 * scale, 5 * scale)
    for p in range(scale):
        for q in range(scale):
            np.testing.assert_array_equal(planes[:, p::scale, q::scale], phases[..., scale * p + q])
    np.testing.assert_array_equal(ar.unshuffle(planes, scale), phases)
