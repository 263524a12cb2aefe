"""What training minimises: the flow's error at half size, and the missing detail at full size."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

__all__ = ["blurred_or_predicted", "detail_loss", "draw_times", "flow_loss", "half_size", "person_weight"]

_LEAST_NOISE = 0.1
_PERSON = 3.0
_ROUND_PERSON_PX = 5
_SETTLED = 0.55
_SMALL_NOISE = 0.05


def half_size(picture: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
    """Means of 2 x 2 pixels."""
    return F.avg_pool2d(picture, 2)


def person_weight(mask: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b 1 h w"]:
    """1 on the background, 4 on people and just round them, where hair and loose clothes are."""
    near = F.max_pool2d(mask, _ROUND_PERSON_PX, stride=1, padding=_ROUND_PERSON_PX // 2)
    return 1.0 + _PERSON * near


def draw_times(count: int, generator: torch.Generator) -> Float[Tensor, " b"]:
    """Logit-normal times, a little towards the noise (Esser et al. 2024, arXiv 2403.03206)."""
    return torch.sigmoid(torch.randn(count, generator=generator) - 0.5)


def flow_loss(
    predicted: Float[Tensor, "b 3 h w"],
    picture: Float[Tensor, "b 3 h w"],
    time: Float[Tensor, " b"],
    weight: Float[Tensor, "b 1 h w"],
) -> Float[Tensor, ""]:
    """Velocity error of an x-prediction, ((x' - x) / (1 - t))^2, weighted by pixel; 1 - t is held above 0.1."""
    scale = 1.0 / (1.0 - time).clamp_min(_LEAST_NOISE) ** 2
    error = (predicted - picture).square().mean(dim=1, keepdim=True) * weight
    return (error.mean(dim=(1, 2, 3)) * scale).mean() / weight.mean()


def blurred_or_predicted(
    picture: Float[Tensor, "b 3 h w"],
    predicted: Float[Tensor, "b 3 h w"],
    time: Float[Tensor, " b"],
    generator: torch.Generator,
) -> Float[Tensor, "b 3 h w"]:
    """Small pictures as the detail network will meet them: the denoiser's own late guesses, or true ones with noise."""
    strength = _SMALL_NOISE * torch.rand(len(picture), 1, 1, 1, generator=generator)
    noisy = picture + (torch.randn(picture.shape, generator=generator) * strength).to(picture.device)
    return torch.where((time > _SETTLED)[:, None, None, None], predicted.detach(), noisy)


def detail_loss(
    predicted: Float[Tensor, "b 3 h w"], picture: Float[Tensor, "b 3 h w"], weight: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, ""]:
    """Charbonnier error, weighted by pixel."""
    error = ((predicted - picture).square() + 1e-4).sqrt().mean(dim=1, keepdim=True)
    return (error * weight).mean() / weight.mean()
