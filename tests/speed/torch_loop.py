"""The loop of PyTorch's DCGAN example in channels_last, with the networks and the training of our `tuned` or `stable`.

`stable` adds what ours has: spectral norm (PyTorch's own), hinge loss, mirrored reals, colour and translation of
real and fake images, and the moving average of the generator's weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.functional import pad, relu
from torch.nn.utils.parametrizations import spectral_norm

N = 1600


class _ToImage(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(-1, 256, 4, 4)


def _generator(latent: int, stable: bool) -> nn.Module:
    def act() -> nn.Module:
        return nn.ReLU() if stable else nn.LeakyReLU(0.2)

    def up(before: int, after: int, *rest: nn.Module, bias: bool = False) -> list[nn.Module]:
        return [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=bias), *rest]

    return nn.Sequential(
        *(nn.Linear(latent, 4096, bias=False), _ToImage(), nn.BatchNorm2d(256), act()),
        *up(256, 128, nn.BatchNorm2d(128), act()),
        *up(128, 64, nn.BatchNorm2d(64), act()),
        *up(64, 3, nn.Tanh(), bias=True),
    )


def _discriminator(stable: bool) -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in ((3, 64), (64, 128), (128, 256)):
        normed = before > 3 and not stable
        layers += [nn.Conv2d(before, after, 4, 2, 1, bias=not normed)]
        layers += [nn.BatchNorm2d(after)] * normed + [nn.LeakyReLU(0.2)] + [nn.Dropout(0.3)] * (not stable)
    layers += [nn.Flatten(), nn.Linear(4096, 1)]
    weighted = (nn.Conv2d, nn.Linear)
    return nn.Sequential(*(spectral_norm(x) if stable and isinstance(x, weighted) else x for x in layers))


def _augmented(x: torch.Tensor) -> torch.Tensor:
    """Colour and translation, as DiffAugment has them, an image at a time."""
    n = len(x)
    u = torch.rand(5, n, 1, 1, 1)
    x = x + (u[0] - 0.5)
    mean = x.mean(dim=1, keepdim=True)
    x = (x - mean) * (2 * u[1]) + mean
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    x = (x - mean) * (u[2] + 0.5) + mean
    down, right = ((u[k] * 9).long() for k in (3, 4))
    rows, columns = down + torch.arange(32).view(1, 1, 32, 1), right + torch.arange(32).view(1, 1, 1, 32)
    batch, channel = torch.arange(n).view(n, 1, 1, 1), torch.arange(3).view(1, 3, 1, 1)
    return pad(x, (4, 4, 4, 4))[batch, channel, rows, columns].contiguous(memory_format=torch.channels_last)


def contestant(name: str, batch: int) -> tuple[Callable[[int], None], dict]:
    stable, half = "stable" in name, "bfloat16" in name
    latent = 128 if stable else 100
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_default_device(device)
    torch.manual_seed(0)
    pixels = np.random.default_rng(0).integers(0, 256, (N, 3, 32, 32), np.uint8)
    images = torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1).contiguous(memory_format=torch.channels_last)
    images = images.to(device)
    g, d = (net.to(memory_format=torch.channels_last) for net in (_generator(latent, stable), _discriminator(stable)))
    rates, beta_1 = ((4e-4, 16e-4), 0.0) if stable else ((2e-4, 2e-4), 0.5)
    g_adam, d_adam = (
        torch.optim.Adam(net.parameters(), lr=rate, betas=(beta_1, 0.999))
        for net, rate in zip((g, d), rates, strict=True)
    )
    average = [p.detach().clone() for p in g.parameters()]
    bce, real_label, fake_label = nn.BCEWithLogitsLoss(), torch.ones(batch, 1), torch.zeros(batch, 1)

    def judge(x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device, torch.bfloat16, enabled=half):
            return d(_augmented(x) if stable else x).float()

    def step() -> None:
        real = images[torch.randint(N, (batch,))].contiguous(memory_format=torch.channels_last)
        if stable:
            real = torch.where(torch.rand(batch, 1, 1, 1) < 0.5, real.flip(3), real)
        d.zero_grad()
        on_real = judge(real)
        (relu(1 - on_real).mean() if stable else bce(on_real, real_label)).backward()
        with torch.autocast(device, torch.bfloat16, enabled=half):
            fake = g(torch.randn(batch, latent)).float()
        on_fake = judge(fake.detach())
        (relu(1 + on_fake).mean() if stable else bce(on_fake, fake_label)).backward()
        d_adam.step()
        g.zero_grad()
        judged = judge(fake)
        (-judged.mean() if stable else bce(judged, real_label)).backward()
        g_adam.step()
        if stable:
            torch._foreach_lerp_(average, list(g.parameters()), 0.002)

    def run(steps: int) -> None:
        for _ in range(steps):
            step()
        if device == "cuda":
            torch.cuda.synchronize()

    count = sum(p.numel() for net in (g, d) for p in net.parameters())
    return run, {"version": torch.__version__, "trainable": count, "threads": torch.get_num_threads()}
