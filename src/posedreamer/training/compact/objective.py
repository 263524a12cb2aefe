"""What training minimises: the flow error of a picture's pixels, people first."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from posedreamer.generation.compact.sampling import mixed

__all__ = ["crop", "crop_corners", "draw_times", "drawn_on", "flow_loss", "person_weight", "seen_small", "shrunk"]

_LEAST_NOISE = 0.15
_FROM_NOISE = 0.1
_PERSON = 6.0
_OWN = 0.75
_SMALL_NOISE = 0.15
_ON_PEOPLE = 0.85


def shrunk(picture: Float[Tensor, "b c h w"], times: int) -> Float[Tensor, "b c h2 w2"]:
    """Means of squares of ``times`` pixels."""
    return F.avg_pool2d(picture, times)


def person_weight(mask: Float[Tensor, "b 1 h w"], round_px: int) -> Float[Tensor, "b 1 h w"]:
    """1 on the background, 7 on people and ``round_px`` round them, where hair and loose clothes are."""
    tall = F.max_pool2d(mask, (2 * round_px + 1, 1), stride=1, padding=(round_px, 0))
    return 1.0 + _PERSON * F.max_pool2d(tall, (1, 2 * round_px + 1), stride=1, padding=(0, round_px))


def draw_times(
    count: int, towards_picture: float, generator: torch.Generator, from_noise: float = _FROM_NOISE
) -> Float[Tensor, " b"]:
    """Logit-normal times of unit spread (Esser et al. 2024, arXiv 2403.03206) about sigmoid(``towards_picture``).

    A share ``from_noise`` is 0, where every picture begins; none is nearer to the picture than the sampler's last step.
    """
    drawn = torch.sigmoid(torch.randn(count, generator=generator) + towards_picture).clamp_max(1.0 - _LEAST_NOISE)
    return torch.where(torch.rand(count, generator=generator) < from_noise, 0.0, drawn)


def flow_loss(
    predicted: Float[Tensor, "b 3 h w"],
    picture: Float[Tensor, "b 3 h w"],
    time: Float[Tensor, " b"],
    weight: Float[Tensor, "b 1 h w"],
) -> Float[Tensor, ""]:
    """Velocity error of an x-prediction, ((x' - x) / (1 - t))^2, weighted by pixel; 1 - t is held above 0.15."""
    scale = 1.0 / (1.0 - time).clamp_min(_LEAST_NOISE) ** 2
    error = (predicted - picture).square().mean(dim=1, keepdim=True) * weight
    return (error.mean(dim=(1, 2, 3)) * scale).mean() / weight.mean()


def drawn_on(
    predict: Callable[[Float[Tensor, "b 3 h w"], Float[Tensor, " b"]], Float[Tensor, "b 3 h w"]],
    predicted: Float[Tensor, "b 3 h w"],
    at: Sequence[float],
    generator: torch.Generator,
) -> Float[Tensor, "b 3 h w"]:
    """The guess that the sampler would end with: fresh noise over the last one at each time, and the next guess."""
    for time in at:
        now = torch.full((len(predicted),), time, device=predicted.device)
        predicted = predict(mixed(predicted, torch.randn(predicted.shape, generator=generator).to(predicted), now), now)
    return predicted


def seen_small(
    picture: Float[Tensor, "b 3 h w"], drawn: Float[Tensor, "b 3 h w"], generator: torch.Generator
) -> Float[Tensor, "b 3 h w"]:
    """What the finisher is given: of four small pictures three are the denoiser's own, one a true one with noise."""
    strength = _SMALL_NOISE * torch.rand(len(picture), 1, 1, 1, generator=generator)
    noisy = picture + (torch.randn(picture.shape, generator=generator) * strength).to(picture.device)
    is_own = torch.rand(len(picture), 1, 1, 1, generator=generator) < _OWN
    return torch.where(is_own.to(picture.device), drawn.clamp(-1.0, 1.0), noisy)


def crop_corners(
    joints: Int[np.ndarray, "b j 2"], picture: Sequence[int], size: int, step: int, generator: torch.Generator
) -> list[tuple[int, int]]:
    """Top left corners, multiples of ``step``, of square crops of pictures of (height, width): most about a joint.

    ``joints`` are (column, row); a row of pictures without people has negative ones.
    """
    height, width = picture
    corners: list[tuple[int, int]] = []
    for places in joints:
        dice = torch.rand(4, generator=generator).tolist()
        column, row = places[int(dice[0] * len(places))].tolist()
        if column < 0 or dice[1] >= _ON_PEOPLE:
            row, column = int(dice[2] * height), int(dice[3] * width)
        else:
            row, column = row + int((dice[2] - 0.5) * size / 2), column + int((dice[3] - 0.5) * size / 2)
        top, left = row - size // 2, column - size // 2
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
