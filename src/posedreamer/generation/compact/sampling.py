"""Rectified flow with x-prediction: from noise to picture along straight lines (Liu et al. 2023, arXiv 2209.03003).

A perfect network is best followed along its one path, by Euler steps. An imperfect one takes its own mistakes for part
of the picture from there on; noise drawn anew at every step hides them from it. ``fresh`` goes from one to the other.
"""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["mixed", "sample", "times"]


def mixed(
    picture: Float[Tensor, "b 3 h w"], noise: Float[Tensor, "b 3 h w"], time: Float[Tensor, " b"]
) -> Float[Tensor, "b 3 h w"]:
    """x_t = t x + (1 - t) e: noise at time 0, the picture at time 1."""
    t = time[:, None, None, None]
    return t * picture + (1.0 - t) * noise


def times(steps: int, shift: float) -> Float[Tensor, " n"]:
    """``steps`` times from 0 on, and 1; a shift above 1 takes more of them near the noise (SD3's shift)."""
    even = torch.linspace(0.0, 1.0, steps + 1, dtype=torch.float64)
    return (even / (even + shift * (1.0 - even))).to(torch.float32)


def sample(
    predict: Callable[[Float[Tensor, "b 3 h w"], float], Float[Tensor, "b 3 h w"]],
    draw: Callable[[], Float[Tensor, "b 3 h w"]],
    steps: int,
    shift: float,
    fresh: float = 0.0,
    *,
    begun: Float[Tensor, "b 3 h w"] | None = None,
    skipped: int = 0,
) -> Float[Tensor, "b 3 h w"]:
    """A picture from noise that ``draw`` gives; ``predict`` gives the clean picture expected at a time.

    ``fresh``, 0 to 1, is the part of the noise that each step draws anew; 0 are Euler steps along the flow. With
    ``begun`` the first ``skipped`` steps are taken to have led to that picture, under the noise that is left then.
    """
    path = times(steps, shift).tolist()[skipped:]
    x = draw() if begun is None else path[0] * begun + (1.0 - path[0]) * draw()
    for now, then in pairwise(path):
        clean = predict(x, now)
        rest = (x - now * clean) / (1.0 - now)
        if fresh > 0.0 and then < 1.0:
            rest = sqrt(1.0 - fresh * fresh) * rest + fresh * draw()
        x = then * clean + (1.0 - then) * rest
    return x
