"""Fits `auto_strength.safetensors`, by which `choose_strength` chooses; needs PyTorch.

python -m scripts.dev.fit_auto_strength everyday-x4
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch
from PIL import Image

import iqlut
from iqlut import engines
from iqlut.evaluation import degradation, psnr_ssim
from iqlut.evaluation.image_sets import image_files
from iqlut.network.configuration import FILTERS
from iqlut.planes import resize
from iqlut.planes.plane_types import UpscalePlane
from iqlut.restoration import choose_strength, damage_features
from iqlut.tables import file_format as files
from iqlut.tables.restoration_tables import RestorationTables
from iqlut.training import drawn_graphics, patch_damage

DATA = Path("data/train")
KEPT = Path(__file__).parents[2] / "runs"
PLACE = Path(choose_strength.__file__).with_name("auto_strength.safetensors")
STRENGTHS = np.arange(0, 3.01, 0.25)
LOOKED_AT, SCORED = 24_000, 18_000  # pictures for the noise, and of them for the strength
GRAPHICS_PART = 0.1
SIDES_PX = (48, 96)  # of small squares
LAYOUTS = (
    (1, 1),
    (1, 2),
    (2, 2),
    (2, 3),
)  # of several squares in one picture: large ones have all kinds of places
HIDDEN, STEPS, RATE, DECAY = 48, 12_000, 3e-3, 1e-2
MEMBERS = 4  # networks, begun differently, whose mean is kept as one that is wider
BLUR = {
    "noise": 0.0,
    "strength": 0.05,
}  # of the inputs, in standard deviations, against overfitting
SEEN_DB, LARGE, OUTSIDE = (
    0.1,
    0.5,
    0.05,
)  # a loss counts once it can be seen, a large one a little more
SEED = 3


@dataclass(frozen=True, eq=False)
class Example:
    """A damaged small picture, its original, the noise that it got, and its file's quantisation
    table if it has one.
    """

    low: np.ndarray
    high: np.ndarray
    sigma: float
    table: np.ndarray | None

    def vector(self) -> np.ndarray:
        """What `restoration` sees."""
        quality = None if self.table is None else damage_features.quality_of(self.table)
        return damage_features.look_at(damage_features.windows(self.low), quality).vector


def main(name: str) -> None:
    torch.set_num_threads(1)
    model = files.read(name) if Path(name).suffix else iqlut.load(name)
    kept = KEPT / f"auto_strength-{model.sha256[:16]}.npz"  # fitting again needs no new examples
    if not kept.exists():
        vectors, sigmas, losses = examples(name)
        KEPT.mkdir(exist_ok=True)
        np.savez(kept, vectors=vectors, sigmas=sigmas, losses=losses)
    with np.load(kept) as arrays:
        fit(arrays["vectors"], arrays["sigmas"], arrays["losses"])


def examples(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What all examples show, their noise, and what the first SCORED lose at each strength."""
    rows = []
    with ProcessPoolExecutor(initializer=_begin, initargs=(name,)) as pool:
        for row in pool.map(_row, range(LOOKED_AT), chunksize=50):
            rows.append(row)
            if len(rows) % 1000 == 0:
                print(f"{len(rows)}/{LOOKED_AT}", file=sys.stderr, flush=True)
    vectors, sigmas, losses = zip(*rows, strict=True)
    return (
        np.array(vectors),
        np.array(sigmas),
        np.array([loss for loss in losses if loss is not None]),
    )


_made: dict[str, Any] = {}  # of a process: the model, the photographs


def _begin(name: str) -> None:
    """In each process, once."""
    restoration_tables = files.read(name) if Path(name).suffix else iqlut.load(name)
    _made.update(restoration_tables=restoration_tables, photos=list(image_files(DATA)))


def _row(number: int) -> tuple[np.ndarray, float, np.ndarray | None]:
    """What the example of that number shows, its noise, and PSNR lost at each strength for the
    first SCORED.
    """
    restoration_tables: RestorationTables = _made["dial"]
    example = _example(number, _made["photos"], restoration_tables.scale)
    if number >= SCORED:
        return example.vector(), example.sigma, None
    scores = np.array([_psnr(restoration_tables, strength, example) for strength in STRENGTHS])
    return example.vector(), example.sigma, scores.max() - scores


def fit(vectors: np.ndarray, sigmas: np.ndarray, losses: np.ndarray) -> None:
    """Writes the weights of both networks: features (n, f), noise (n,), PSNR lost at each strength
    (m <= n, 13).
    """
    mean, deviation = vectors.mean(axis=0), vectors.std(axis=0) + 1e-3
    wanted = torch.tensor(np.log2(1 + sigmas), dtype=torch.float32)
    noise = _fitted(
        "noise", vectors, (mean, deviation), lambda raw, chosen: (raw - wanted[chosen]).abs()
    )
    _write({"noise": noise})
    found = np.array([choose_strength.seen(vector) for vector in vectors[: len(losses)]])
    lost = torch.tensor(losses, dtype=torch.float32)

    def regret(raw: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        inside = raw.clamp(0, float(STRENGTHS[-1]))
        db = interpolated(lost[chosen], inside)
        return db / (db + SEEN_DB) + LARGE * db + OUTSIDE * (raw - inside).square()

    strength = _fitted("strength", found, (found.mean(axis=0), found.std(axis=0) + 1e-3), regret)
    _write({"noise": noise, "strength": strength})
    chosen = torch.tensor(
        [choose_strength.strength_for(vector) for vector in vectors[: len(losses)]]
    )
    db = interpolated(lost, chosen.float())
    print(
        f"{db.mean():.4f} dB lost in the mean, {(db <= 0.05).float().mean():.1%} within "
        "0.05 dB of the best"
    )


def _fitted(
    name: str, inputs: np.ndarray, scale: tuple[np.ndarray, np.ndarray],
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> dict[str, np.ndarray]:  # fmt: skip
    """A network of one hidden layer, the mean of MEMBERS; `loss(output, which)` is made small in
    the mean.
    """
    mean, deviation = scale
    x = torch.tensor((inputs - mean) / deviation, dtype=torch.float32)
    members = [_member(x, BLUR[name], loss, seed) for seed in range(MEMBERS)]
    hidden, output = zip(*members, strict=True)
    return {
        "mean": mean, "deviation": deviation,
        "hidden": np.concatenate([layer.weight.T.detach().numpy() for layer in hidden], axis=1),
        "hidden_bias": np.concatenate([layer.bias.detach().numpy() for layer in hidden]),
        "output": np.concatenate([layer.weight[0].detach().numpy() for layer in output]) / MEMBERS,
        "output_bias": np.mean([layer.bias.detach().numpy() for layer in output], axis=0),
    }  # fmt: skip


def _member(
    x: torch.Tensor,
    blur: float,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    seed: int,
) -> tuple[torch.nn.Linear, torch.nn.Linear]:
    """The two layers of a network, trained on inputs (n, f)."""
    torch.manual_seed(seed)
    hidden, output = torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    optimiser = torch.optim.AdamW(
        [*hidden.parameters(), *output.parameters()], RATE, weight_decay=DECAY
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    with torch.no_grad():
        output.bias.fill_(1.0)
    for _ in range(STEPS):
        chosen = torch.randint(len(x), (512,))
        blurred = x[chosen] + blur * torch.randn(len(chosen), x.shape[1])
        mean_loss = loss(output(torch.tanh(hidden(blurred)))[:, 0], chosen).mean()
        optimiser.zero_grad()
        mean_loss.backward()
        optimiser.step()
        schedule.step()
    print(f"seed {seed}: {float(mean_loss.detach()):.4f}", file=sys.stderr)
    return hidden, output


def _write(networks: dict[str, dict[str, np.ndarray]]) -> None:
    """All arrays in half precision."""
    arrays = {
        f"{name}.{key}": np.ascontiguousarray(
            value, np.float16
        )  # safetensors writes memory as it lies
        for name, own in networks.items()
        for key, value in own.items()
    }
    PLACE.write_bytes(safetensors.numpy.save(arrays))
    choose_strength.weights.cache_clear()


def interpolated(losses: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
    """(n,): curves (n, strengths) at a strength (n,), linear between the measured ones."""
    position = strength / float(STRENGTHS[1] - STRENGTHS[0])
    below = position.detach().floor().long().clamp(0, len(STRENGTHS) - 2)[:, None]
    part = position - below[:, 0]
    return torch.lerp(losses.gather(1, below)[:, 0], losses.gather(1, below + 1)[:, 0], part)


def _example(number: int, photos: list[Path], scale: int) -> Example:
    """A picture: a few squares of photographs, or graphics; small and damaged."""
    rng = np.random.default_rng((SEED, number))
    if rng.random() < GRAPHICS_PART:
        low, high = drawn_graphics.render(scale, rng)
    else:
        side = scale * int(rng.integers(*SIDES_PX))
        down, across = LAYOUTS[int(rng.integers(len(LAYOUTS)))]
        rows = [np.hstack([_cut(photos, side, rng) for _ in range(across)]) for _ in range(down)]
        high = resize.mod_crop(np.vstack(rows), scale)
        low = patch_damage.low_resolution(
            high, scale, str(rng.choice(FILTERS, p=(0.5, 0.2, 0.12, 0.1, 0.08))), rng
        )
    return _damaged(low, high, scale, rng)


@lru_cache(maxsize=1000)
def _photo(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("L"))


def _cut(photos: list[Path], side: int, rng: np.random.Generator) -> np.ndarray:
    """A square of a photograph, uint8 (side, side), sometimes made smaller before."""
    high = _photo(photos[int(rng.integers(len(photos)))])
    if rng.random() < 0.5:
        factor = max(rng.uniform(0.45, 1), side / min(high.shape))
        high = resize.resize(high, *(max(side, int(length * factor)) for length in high.shape))
    top, left = (int(rng.integers(0, length - side + 1)) for length in high.shape)
    return high[top : top + side, left : left + side]


def _damaged(low: np.ndarray, high: np.ndarray, scale: int, rng: np.random.Generator) -> Example:
    """Noise, then JPEG; half of what is no JPEG file any more is cropped."""
    kind = rng.choice(["clean", "noise", "jpeg", "both"], p=[0.17, 0.31, 0.4, 0.12])
    sigma, table = 0.0, None
    if kind in ("noise", "both"):
        sigma = float(25 * rng.random() ** 1.3)
        low = degradation.add_noise(
            low, sigma, rng, float(rng.uniform(0.4, 1)) if rng.random() < 0.2 else 0.0
        )
    if kind in ("jpeg", "both"):
        for _ in range(1 + (rng.random() < 0.15)):
            file = io.BytesIO()
            Image.fromarray(low).save(file, "JPEG", quality=int(rng.integers(8, 101)))
            opened = Image.open(file)
            low, table = np.asarray(opened), np.array(opened.quantization[0])  # type: ignore[attr-defined]
        if rng.random() < 0.6:
            table = None
            if rng.random() < 0.5:
                top, left = (int(rng.integers(0, 8)) for _ in range(2))
                low, high = low[top:, left:], high[top * scale :, left * scale :]
    return Example(np.ascontiguousarray(low), high, sigma, table)


def _psnr(restoration_tables: RestorationTables, strength: float, example: Example) -> float:
    upscale_plane = _engine(restoration_tables.name, strength, restoration_tables)
    psnr_db = psnr_ssim.psnr(upscale_plane(example.low), example.high, restoration_tables.scale)
    return min(psnr_db, 60.0)


_built: dict[tuple[str, float], UpscalePlane] = {}


def _engine(name: str, strength: float, restoration_tables: RestorationTables) -> UpscalePlane:
    if (name, strength) not in _built:
        _built[name, strength] = engines.get("native").build(restoration_tables.at(strength))
    return _built[name, strength]


if __name__ == "__main__":
    main(sys.argv[1])
