"""The loop of PyTorch's DCGAN example with the networks of our architecture `tuned`, in channels_last."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

N, LATENT = 1600, 100


class _ToImage(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(-1, 256, 4, 4)


def _generator() -> nn.Module:
    def up(before: int, after: int, *rest: nn.Module, bias: bool = False) -> list[nn.Module]:
        return [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=bias), *rest]

    return nn.Sequential(
        *(nn.Linear(LATENT, 4096, bias=False), _ToImage(), nn.BatchNorm2d(256), nn.LeakyReLU(0.2)),
        *up(256, 128, nn.BatchNorm2d(128), nn.LeakyReLU(0.2)),
        *up(128, 64, nn.BatchNorm2d(64), nn.LeakyReLU(0.2)),
        *up(64, 3, nn.Tanh(), bias=True),
    )


def _discriminator() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(3, 64, 4, 2, 1), nn.LeakyReLU(0.2), nn.Dropout(0.3)),
        *(nn.Conv2d(64, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.LeakyReLU(0.2), nn.Dropout(0.3)),
        *(nn.Conv2d(128, 256, 4, 2, 1, bias=False), nn.BatchNorm2d(256), nn.LeakyReLU(0.2), nn.Dropout(0.3)),
        *(nn.Flatten(), nn.Linear(4096, 1)),
    )


def contestant(name: str, batch: int) -> tuple[Callable[[int], None], dict]:
    del name
    torch.manual_seed(0)
    pixels = np.random.default_rng(0).integers(0, 256, (N, 3, 32, 32), np.uint8)
    images = torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1).contiguous(memory_format=torch.channels_last)
    g, d = (net.to(memory_format=torch.channels_last) for net in (_generator(), _discriminator()))
    g_adam, d_adam = (torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (g, d))
    loss, real_label, fake_label = nn.BCEWithLogitsLoss(), torch.ones(batch, 1), torch.zeros(batch, 1)

    def step() -> None:
        real = images[torch.randint(N, (batch,))].contiguous(memory_format=torch.channels_last)
        d.zero_grad()
        loss(d(real), real_label).backward()
        fake = g(torch.randn(batch, LATENT))
        loss(d(fake.detach()), fake_label).backward()
        d_adam.step()
        g.zero_grad()
        loss(d(fake), real_label).backward()
        g_adam.step()

    def run(steps: int) -> None:
        for _ in range(steps):
            step()

    count = sum(p.numel() for net in (g, d) for p in net.parameters())
    return run, {"version": torch.__version__, "trainable": count, "threads": torch.get_num_threads()}
