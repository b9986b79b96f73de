"""A network that begins as a smaller one does."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from iqlut.network.configuration import BadConfig, ModelConfig
from iqlut.network.network import Network
from iqlut.network.start_from import start_from

SMALL = ModelConfig(scale=2, blocks=2, channels=3, levels=5, first_levels=9, upsample_levels=5)


def pair(**changes: object) -> tuple[Network, Network]:
    """A network, and one with changes that has begun as it."""
    torch.manual_seed(1)
    small = Network(SMALL)
    with torch.no_grad():
        small.alpha.normal_()
    large = Network(replace(SMALL, **changes))
    start_from(large, small)
    return small, large


@pytest.mark.parametrize(
    "changes", [{"channels": 6}, {"channels": 8}, {"levels": 9}, {"gate": "channel"}, {}]
)
def test_more_channels_levels_or_gates_are_the_same_function(changes: dict[str, object]) -> None:
    """To float32: 5 levels lie among 9 (a signal off by half a step moves the sum by 1 in 100)."""
    small, large = pair(**changes)
    luma = torch.randint(0, 256, (2, 9, 11), dtype=torch.uint8)
    ours, theirs = large(luma, rounded=False), small(luma, rounded=False)
    tolerance = 1e-2 if "levels" in changes else 1e-5
    torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance * theirs.abs().max().item())


@pytest.mark.parametrize("changes", [{}, {"levels": 9}, {"blocks": 3}, {"scale": 3}])
def test_sub_networks_are_the_same_functions(changes: dict[str, object]) -> None:
    torch.manual_seed(1)
    config = replace(SMALL, parameterisation="network")
    small, large = Network(config), Network(replace(config, **changes))
    start_from(large, small)
    old, new = small.entries(), large.entries()
    kept = config.blocks + ("scale" not in changes and "blocks" not in changes)
    for one, other in list(zip(old, new, strict=False))[:kept]:
        step = (other.shape[1] - 1) // (one.shape[1] - 1)
        torch.testing.assert_close(other[:, ::step], one, rtol=0, atol=0.02)


@pytest.mark.parametrize("changes", [{"parameterisation": "table"}, {"hidden": 16}, {"kernel": 2}])
def test_sub_networks_that_do_not_fit_are_refused(changes: dict[str, object]) -> None:
    config = replace(SMALL, parameterisation="network")
    with pytest.raises(BadConfig, match="parameterisation or width of sub-networks"):
        start_from(Network(config), Network(replace(config, **changes)))


def test_copies_of_a_channel_do_not_stay_alike() -> None:
    _, large = pair(channels=6)
    luma = torch.randint(0, 256, (2, 9, 11), dtype=torch.uint8)
    large(luma).square().sum().backward()
    gradient = large.tables[0].entries.grad
    assert not torch.allclose(gradient[..., :3], gradient[..., 3:], rtol=1e-2)


def test_new_blocks_hand_on_nearly_what_they_get() -> None:
    small, large = pair(blocks=5)
    luma = torch.randint(0, 256, (2, 9, 11), dtype=torch.uint8)
    ours, theirs = large(luma, rounded=False), small(luma, rounded=False)
    assert (ours - theirs).abs().mean() < 0.05 * theirs.abs().mean()


def test_for_another_scale_only_the_upsampler_is_new() -> None:
    small, large = pair(scale=3)
    for one, other in zip(list(small.tables)[:-1], large.tables, strict=False):
        torch.testing.assert_close(one.entries, other.entries, rtol=0, atol=1e-6)
    assert large.tables[-1].entries.shape[4] == 9


@pytest.mark.parametrize("changes", [{"blocks": 1}, {"channels": 2}, {"kernel": 2}])
def test_what_does_not_fit_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadConfig, match=r"train\.start"):
        pair(**changes)


@pytest.mark.parametrize("new", [8, 1])
def test_without_the_negative_it_is_the_same_function(new: int) -> None:
    """To the curves of the first block; its skip comes back."""
    config = replace(SMALL, channels=16, upsample_kernel=3, gate="channel", first_levels=16)
    torch.manual_seed(2)
    one = Network(replace(config, symmetry=8, negative=True))
    with torch.no_grad():
        one.alpha.normal_()
    other = Network(replace(config, symmetry=new))
    start_from(other, one)
    luma = torch.randint(0, 256, (2, 9, 11), dtype=torch.uint8)
    expected, found = one(luma, rounded=False), other(luma, rounded=False)
    tolerance = 0.02 * expected.abs().max().item()
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize(("old", "new"), [(8, 8), (8, 4), (8, 2), (8, 1), (4, 2)])
@pytest.mark.parametrize("gate", ["block", "channel"])
def test_less_symmetry_is_the_same_function(old: int, new: int, gate: str, negative: bool) -> None:
    """What was stored once becomes several tables, free to part."""
    config = replace(
        SMALL, scale=4, channels=32, upsample_kernel=3, gate=gate, symmetry=old, negative=negative,
        first_levels=16,
    )  # fmt: skip
    torch.manual_seed(2)
    one = Network(config)
    with torch.no_grad():
        one.alpha.normal_()
    other = Network(replace(config, symmetry=new))
    start_from(other, one)
    luma = torch.randint(0, 256, (2, 9, 11), dtype=torch.uint8)
    torch.testing.assert_close(other(luma), one(luma), rtol=0, atol=0)


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize("gate", ["block", "channel"])
def test_more_orbits_are_the_same_function(gate: str, negative: bool) -> None:
    """The copies of a channel share its weights, those of an orbit alike."""
    config = replace(
        SMALL, channels=16, upsample_kernel=3, gate=gate, symmetry=8, negative=negative,
        first_levels=16,
    )  # fmt: skip
    torch.manual_seed(2)
    one = Network(config)
    with torch.no_grad():
        one.alpha.normal_()
    other = Network(replace(config, channels=48))
    start_from(other, one)
    luma = torch.randint(0, 256, (2, 9, 11), dtype=torch.uint8)
    expected, found = one(luma, rounded=False), other(luma, rounded=False)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * expected.abs().max().item())
    layers = zip(one.entries()[1:], other.entries()[1:], strict=True)
    assert all(not torch.equal(new[:16, ..., : old.shape[-1]], old) for old, new in layers)


@pytest.mark.parametrize("strengths", [(), (0.0, 1.0)])
@pytest.mark.parametrize(("channels", "symmetry", "new"), [(16, 8, 8), (16, 8, 4), (3, 1, 1)])
def test_pairs_of_channels_are_the_mean_of_an_image_and_its_negative(
    channels: int, symmetry: int, new: int, strengths: tuple[float, ...]
) -> None:
    """To the curves of the first block, whose levels differ by up to one signal."""
    config = replace(
        SMALL, channels=channels, upsample_kernel=3, gate="channel", symmetry=symmetry,
        first_levels=16, strengths=strengths,
    )  # fmt: skip
    torch.manual_seed(2)
    one = Network(config)
    with torch.no_grad():
        one.alpha.normal_()
    other = Network(replace(config, channels=2 * channels, symmetry=new, negative=True))
    start_from(other, one)
    luma = torch.randint(0, 256, (2, 9, 11), dtype=torch.uint8)
    mean = (one(luma, rounded=False) - one(255 - luma, rounded=False)) / 2
    found = other(luma, rounded=False)
    torch.testing.assert_close(found, mean, rtol=0, atol=0.02 * mean.abs().max().item())
    torch.testing.assert_close(other(255 - luma), -other(luma), rtol=0, atol=0)


def test_sub_networks_with_the_negative_do_not_start_from_others() -> None:
    config = replace(SMALL, parameterisation="network", first_levels=6)
    with pytest.raises(BadConfig, match="has sub-networks"):
        start_from(Network(replace(config, channels=6, negative=True)), Network(config))


def test_more_symmetry_is_refused() -> None:
    config = replace(SMALL, channels=8, upsample_kernel=3)
    with pytest.raises(BadConfig, match="less symmetry"):
        start_from(Network(replace(config, symmetry=4)), Network(config))
