"""What training minimises: the flow error of a picture's pixels, people first."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

__all__ = ["crop", "crop_corners", "draw_times", "flow_loss", "person_weight", "seen_small", "shrunk"]

_LEAST_NOISE = 0.1
_PERSON = 6.0
_SETTLED = 0.6
_SMALL_NOISE = 0.15
_ON_PEOPLE = 0.75


def shrunk(picture: Float[Tensor, "b c h w"], times: int) -> Float[Tensor, "b c h2 w2"]:
    """Means of squares of ``times`` pixels."""
    return F.avg_pool2d(picture, times)


def person_weight(mask: Float[Tensor, "b 1 h w"], round_px: int) -> Float[Tensor, "b 1 h w"]:
    """1 on the background, 7 on people and ``round_px`` round them, where hair and loose clothes are."""
    return 1.0 + _PERSON * F.max_pool2d(mask, 2 * round_px + 1, stride=1, padding=round_px)


def draw_times(count: int, towards_picture: float, generator: torch.Generator) -> Float[Tensor, " b"]:
    """Logit-normal times of unit spread (Esser et al. 2024, arXiv 2403.03206) about sigmoid(``towards_picture``)."""
    return torch.sigmoid(torch.randn(count, generator=generator) + towards_picture)


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


def seen_small(
    picture: Float[Tensor, "b 3 h w"],
    predicted: Float[Tensor, "b 3 h w"],
    time: Float[Tensor, " b"],
    generator: torch.Generator,
) -> Float[Tensor, "b 3 h w"]:
    """Small pictures as the finisher will meet them: the denoiser's own late guesses, or true ones with noise."""
    strength = _SMALL_NOISE * torch.rand(len(picture), 1, 1, 1, generator=generator)
    noisy = picture + (torch.randn(picture.shape, generator=generator) * strength).to(picture.device)
    return torch.where((time > _SETTLED)[:, None, None, None], predicted.detach(), noisy)


def crop_corners(
    mask: Float[Tensor, "b 1 h w"], size: int, step: int, generator: torch.Generator
) -> list[tuple[int, int]]:
    """Top left corners, multiples of ``step``, of square crops: three in four about a pixel of a person."""
    height, width = mask.shape[2:]
    corners: list[tuple[int, int]] = []
    for one in mask[:, 0].cpu():
        places = torch.nonzero(one > 0)
        dice = torch.rand(3, generator=generator).tolist()
        if len(places) and dice[0] < _ON_PEOPLE:
            row, column = places[int(dice[1] * len(places))].tolist()
            top, left = row - size // 2, column - size // 2
        else:
            top, left = int(dice[1] * height) - size // 2, int(dice[2] * width) - size // 2
        corners.append((_held(top, height - size) // step * step, _held(left, width - size) // step * step))
    return corners


def _held(value: int, most: int) -> int:
    return min(max(value, 0), most)


def crop(
    picture: Float[Tensor, "b c h w"], corners: list[tuple[int, int]], size: int, times: int = 1
) -> Float[Tensor, "b c s s"]:
    """Each row's crop of a picture that is ``times`` smaller than the one ``corners`` and ``size`` are of."""
    parts = [
        row[:, top // times : (top + size) // times, left // times : (left + size) // times]
        for row, (top, left) in zip(picture, corners, strict=True)
    ]
    return torch.stack(parts).contiguous(memory_format=torch.channels_last)
