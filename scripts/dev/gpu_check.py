"""Check training on a GPU: the gradients of a step against plain PyTorch, and its speed.

    python -m scripts.dev.gpu_check

For each loss it prints the least cosine between the gradients of the layers by tensor cores and
those of plain PyTorch, over all parameters, and the range of the ratio of their norms. Then it
measures training steps of 128 patches of 32x32 pixels (`iqlut bench train`). Exits with 1 if a
cosine is below 0.999 or a norm is more than 2 % off.
"""

from __future__ import annotations

import subprocess
import sys

import torch

from iqlut.network.configuration import ModelConfig
from iqlut.network.losses import LOSSES
from iqlut.network.native_layers import Aim
from iqlut.network.network import Network

_COSINE_MIN, _NORM_ERROR_MAX = 0.999, 0.02
_MODEL = ModelConfig(
    channels=24, symmetry=8, gate="channel", upsample_kernel=3,
    spatial_channels=16, upsample_spatial_channels=8,
)  # fmt: skip
_TIMED = ("l8c8-x4", "iqlut-34k-x4")


def main() -> int:
    if not torch.cuda.is_available():
        sys.exit(f"PyTorch {torch.__version__} finds no GPU, expected one; run this on a GPU")
    torch.manual_seed(0)
    network = Network(_MODEL).cuda()
    results = [compare(network, loss) for loss in LOSSES]
    for name in _TIMED:
        size = ["--batch", "128", "--patch", "32", "--steps", "60", "--rounds", "7"]
        command = ["bench", "train", "--config", f"configs/{name}.toml", "--device", "cuda", *size]
        subprocess.run([sys.executable, "-m", "iqlut", *command], check=True)
    return 0 if all(results) else 1


def compare(network: Network, loss: str) -> bool:
    """Print how the gradients of both implementations agree, and return whether they do."""
    shape = (64, 32, 32)
    luma = torch.randint(0, 256, shape, dtype=torch.uint8, device="cuda")
    truth = torch.randint(0, 256, (*shape, 16), dtype=torch.uint8, device="cuda")
    gradients = []
    for network.implementation in ("plain", "device"):
        network.zero_grad()
        network.mean_loss(luma, Aim(loss, truth, margin=3)).backward()
        gradients.append([p.grad.clone() for p in network.parameters() if p.grad is not None])
    pairs = list(zip(*gradients, strict=True))
    cosines = [float((a * b).sum() / (a.norm() * b.norm())) for a, b in pairs]
    norms = [float(b.norm() / a.norm()) for a, b in pairs]
    print(f"{loss}: cosine from {min(cosines):.5f}, norm {min(norms):.4f} to {max(norms):.4f}")
    return min(cosines) >= _COSINE_MIN and max(abs(n - 1) for n in norms) <= _NORM_ERROR_MAX


if __name__ == "__main__":
    sys.exit(main())
