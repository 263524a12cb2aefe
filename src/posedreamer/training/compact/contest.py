"""What both contests between a painter and its critic have in common."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from posedreamer.training.compact.critics import critic_loss, painter_loss
from posedreamer.training.compact.state import Contest

__all__ = ["Painted", "critic_learns", "heard", "noise_like", "way"]

_HEARD_FROM, _HEARD_WHOLLY_FROM = 100, 300
_LEAST_RATIO: Final = 1e-9

Pictures = Float[Tensor, "b 3 h w"]
Verdicts = list[Float[Tensor, "b 1 _h _w"]]


@dataclass(frozen=True, slots=True)
class Painted:
    """A painter's losses: how far from what is asked, and minus the critic's verdicts."""

    fit: Float[Tensor, ""]
    passing: Float[Tensor, ""]


def heard(step: int) -> float:
    """How much a critic is listened to after so many steps, 0 to 1: it must know something first."""
    return min(max((step - _HEARD_FROM) / (_HEARD_WHOLLY_FROM - _HEARD_FROM), 0.0), 1.0)


def noise_like(pictures: Pictures, noise: torch.Generator) -> Pictures:
    """Noise of pictures' size."""
    drawn = torch.randn(pictures.shape, generator=noise)
    return drawn.to(pictures).contiguous(memory_format=torch.channels_last)


def critic_learns(
    contest: Contest,
    judge: Callable[[Pictures], Verdicts],
    studio: Pictures,
    drawn: Pictures,
    weight: Float[Tensor, "b 1 h w"],
) -> Float[Tensor, ""]:
    """One step of the critic on pictures of both sides; its loss."""
    contest.critic.requires_grad_(True)
    loss = critic_loss(judge(studio), judge(drawn), weight)
    loss.backward()
    contest.learn()
    contest.critic.requires_grad_(False)
    return loss.detach()


def way(
    judge: Callable[[Pictures], Verdicts],
    drawn: Pictures,
    weight: Float[Tensor, "b 1 h w"],
    fit: Callable[[Pictures], Float[Tensor, ""]],
    say: float,
) -> tuple[Pictures, Painted]:
    """The gradient on drawn pictures: down ``fit``, and towards better verdicts, by at most ``say`` of its length."""
    leaf = drawn.detach().requires_grad_()
    fitting, passing = fit(leaf), painter_loss(judge(leaf), weight)
    (to_fit,), (to_pass,) = torch.autograd.grad(fitting, leaf), torch.autograd.grad(passing, leaf)
    ratio = float(to_pass.norm() / to_fit.norm())
    gradient = to_fit + min(say, say / max(ratio, _LEAST_RATIO)) * to_pass
    return gradient, Painted(fitting.detach(), passing.detach())
