"""Fits `auto_strength.json`, which maps what a picture shows of its damage to a restoration strength.

    python scripts/fit_auto_strength.py everyday-x4 best-x4          about ten minutes on one core

Training images and graphics are made small and damaged in many ways. For each the PSNR of the models is measured at
every quarter of a strength, and the regression is fitted to lose the least PSNR against the best of them: no strength
is called the right one where several are as good. Needs PyTorch.
"""

from __future__ import annotations

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import iqlut
from iqlut import damage_features, degradation, engines, image, metrics, restoration
from iqlut import fileformat as files
from iqlut.config import FILTERS
from iqlut.datasets import image_files
from iqlut.dial import Dial
from iqlut.train import degrade, graphics

DATA = Path("../shared/data/train")
STRENGTHS = np.arange(0, 3.01, 0.25)
SAMPLES, GRAPHICS_PART = 3000, 0.1
HIDDEN, STEPS, RATE, DECAY = 24, 6000, 3e-3, 3e-4
TOLERATED_DB, WEIGHT = 0.03, 2.0  # a larger loss counts so much more
SIDES_PX = (40, 96)  # of small squares
LAYOUTS = ((1, 1), (1, 1), (1, 2), (2, 2))  # of several squares in one picture: large ones have all kinds of places
SEED = 3


def main(names: list[str]) -> None:
    dials = [model for model in map(_load, names) if isinstance(model, Dial)]
    photos = list(image_files(DATA))
    with ThreadPoolExecutor(1) as pool:
        rows = list(pool.map(lambda number: _sample(number, photos, dials), range(SAMPLES)))
    vectors, curves = (np.array(part) for part in zip(*rows, strict=True))
    weights = _fit(vectors, curves.reshape(-1, len(dials), len(STRENGTHS)))
    place = Path(restoration.__file__).with_name("auto_strength.json")
    place.write_text(
        "{\n" + ",\n".join(f' "{name}": {json.dumps(values)}' for name, values in weights.items()) + "\n}\n",
        encoding="utf-8",
    )


def _load(name: str) -> iqlut.Tables | Dial:
    return files.read(name) if Path(name).suffix else iqlut.load(name)


def _sample(number: int, photos: list[Path], dials: list[Dial]) -> tuple[np.ndarray, np.ndarray]:
    """What a damaged picture shows, and the PSNR of each model at each strength."""
    rng, scale = np.random.default_rng((SEED, number)), dials[0].scale
    if rng.random() < GRAPHICS_PART:
        low, high = graphics.render(scale, rng)
    else:
        side = scale * int(rng.integers(*SIDES_PX))
        down, across = LAYOUTS[int(rng.integers(len(LAYOUTS)))]
        rows = [np.hstack([_cut(photos, side, rng) for _ in range(across)]) for _ in range(down)]
        high = image.mod_crop(np.vstack(rows), scale)
        low = degrade.low_resolution(high, scale, str(rng.choice(FILTERS, p=(0.5, 0.2, 0.12, 0.1, 0.08))), rng)
    low, high, table = _damaged(low, high, scale, rng)
    quality = None if table is None else damage_features.quality_of(table)
    vector = damage_features.look_at(damage_features.windows(low), quality).vector
    return vector, np.array([[_psnr(dial, strength, low, high) for strength in STRENGTHS] for dial in dials])


def _cut(photos: list[Path], side: int, rng: np.random.Generator) -> np.ndarray:
    """A square of a photograph, uint8 (side, side), sometimes made smaller before."""
    with Image.open(photos[int(rng.integers(len(photos)))]) as opened:
        high = np.asarray(opened.convert("L"))
    if rng.random() < 0.5:
        factor = max(rng.uniform(0.45, 1), side / min(high.shape))
        high = image.resize(high, *(max(side, int(length * factor)) for length in high.shape))
    top, left = (int(rng.integers(0, length - side + 1)) for length in high.shape)
    return high[top : top + side, left : left + side]


def _damaged(
    low: np.ndarray, high: np.ndarray, scale: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:  # fmt: skip
    """The damaged picture, its original, cropped alike; and the quantisation table, if it comes as a JPEG file."""
    kind, table = rng.choice(["clean", "noise", "jpeg", "both"], p=[0.15, 0.35, 0.3, 0.2]), None
    if kind in ("noise", "both"):
        signal_part = float(rng.uniform(0.4, 1)) if rng.random() < 0.3 else 0.0
        low = degradation.add_noise(low, float(25 * rng.random() ** 1.3), rng, signal_part)
    if kind in ("jpeg", "both"):
        for _ in range(1 + (rng.random() < 0.15)):
            file = io.BytesIO()
            Image.fromarray(low).save(file, "JPEG", quality=int(rng.integers(8, 100)))
            opened = Image.open(file)
            low, table = np.asarray(opened), np.array(opened.quantization[0])
        if rng.random() < 0.6:  # it comes as something else
            table = None
            if rng.random() < 0.5:  # and cropped
                top, left = (int(rng.integers(0, 8)) for _ in range(2))
                low, high = low[top:, left:], high[top * scale :, left * scale :]
    return low, high, table


def _psnr(dial: Dial, strength: float, low: np.ndarray, high: np.ndarray) -> float:
    upscale = _engines.setdefault((dial.name, strength), engines.get("native").build(dial.at(strength)))
    return min(metrics.psnr(upscale(np.ascontiguousarray(low)), high, dial.scale), 60.0)


_engines: dict[tuple[str, float], engines.Upscale] = {}


def _fit(vectors: np.ndarray, curves: np.ndarray) -> dict[str, list]:
    """The weights that `restoration.regress` reads."""
    torch.manual_seed(SEED)
    mean, deviation = vectors.mean(axis=0), vectors.std(axis=0) + 1e-3
    x = torch.tensor((vectors - mean) / deviation, dtype=torch.float32)
    loss_db = torch.tensor(curves.max(axis=2, keepdims=True) - curves, dtype=torch.float32)
    held_out = torch.arange(len(x)) % 10 == 0
    hidden, output = torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    optimiser = torch.optim.AdamW([*hidden.parameters(), *output.parameters()], RATE, weight_decay=DECAY)
    with torch.no_grad():
        output.bias.fill_(1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        chosen = torch.randint(len(x), (512,))
        chosen = chosen[~held_out[chosen]]
        raw = output(torch.tanh(hidden(x[chosen])))[:, 0]
        lost = _interpolated(loss_db[chosen], raw.clamp(0, STRENGTHS[-1]))
        outside = (raw - raw.clamp(0, STRENGTHS[-1])).square().mean()
        loss = lost.mean() + WEIGHT * (lost - TOLERATED_DB).clamp_min(0).mean() + 0.05 * outside
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        strength = output(torch.tanh(hidden(x)))[:, 0].clamp(0, STRENGTHS[-1])
        lost = _interpolated(loss_db, (strength * 8).round() / 8)
    for what, part in (("fitted", ~held_out), ("held out", held_out)):
        for index in range(lost.shape[1]):
            db = lost[part, index]
            print(f"{what}, model {index}: {db.mean():.4f} dB lost, {(db <= 0.05).float().mean():.1%} within 0.05 dB")
    rounded = {
        "mean": mean, "deviation": deviation, "hidden": hidden.weight.T.detach().numpy(),
        "hidden_bias": hidden.bias.detach().numpy(), "output": output.weight[0].detach().numpy(),
        "output_bias": output.bias.detach().numpy(),
    }  # fmt: skip
    return {name: np.round(values.astype(float), 5).tolist() for name, values in rounded.items()}


def _interpolated(curves: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
    """(n, models): the curves (n, models, strengths) at a strength (n,), linear between the measured ones."""
    position = strength / (STRENGTHS[1] - STRENGTHS[0])
    below = position.detach().floor().long().clamp(0, len(STRENGTHS) - 2)
    part = (position - below)[:, None]
    index = below[:, None, None].expand(-1, curves.shape[1], 1)
    return torch.lerp(curves.gather(2, index)[..., 0], curves.gather(2, index + 1)[..., 0], part)


if __name__ == "__main__":
    main(sys.argv[1:])
