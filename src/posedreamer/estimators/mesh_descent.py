"""Bends the prior's body onto landmarks: the nearest draw of the prior first, then a few hundred steps downhill."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from posedreamer.bodies.kinematics import rotation_from_axis_angle
from posedreamer.estimators.mesh_figure import PriorFigure
from posedreamer.estimators.mesh_sight import BODY_ROWS, Sights, rigid_turns, solve_translation

__all__ = ["Bent", "Weights", "bend", "descend"]

_ROWS: Final = torch.as_tensor(BODY_ROWS)
_STARTS: Final = 24
_UNIT_DEG: Final = 20.0
"""Angles are searched in this unit, so that a step means about as much in them as in the other numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What counts how much. Residuals are divided by what a good fit leaves.

    Attributes:
        size_2d: share of the person's size in the picture.
        metres_3d: metres.
        rarity, limits, shape: factors of the prior, of the joint limits and of shape.
    """

    size_2d: float = 0.02
    metres_3d: float = 0.1
    rarity: float = 1.0
    limits: float = 1.0
    shape: float = 1.0


@dataclass(frozen=True, slots=True)
class Bent:
    """Bodies bent and placed in the camera frame: x_cam = turn x_body + place.

    Attributes:
        angles_deg, numbers: pose and shape of the prior's figure.
        turn, place_m: rigid motion of the body frame (root at rest).
    """

    angles_deg: Float[Tensor, "b 46"]
    numbers: Float[Tensor, "b k"]
    turn: Float[Tensor, "b 3 3"]
    place_m: Float[Tensor, "b 3"]

    def keypoints_cam_m(self, figure: PriorFigure) -> Float[Tensor, "b 65 3"]:
        """The 65 keypoints in the camera frame."""
        points = figure.keypoints(self.angles_deg, self.numbers)
        return points @ self.turn.transpose(-1, -2) + self.place_m[:, None]


def bend(sights: Sights, figure: PriorFigure, weights: Weights, steps: int, rate: float = 0.1) -> Bent:
    """The bodies that explain the landmarks; nobody depends on the others of the batch."""
    start = _start(sights, figure, weights)
    with torch.enable_grad():
        motion = _Motion.of(start)
        free = (
            (start.angles_deg / _UNIT_DEG).clone().requires_grad_(),
            start.numbers.clone().requires_grad_(),
            torch.zeros_like(start.place_m).requires_grad_(),
            torch.zeros_like(start.place_m).requires_grad_(),
        )

        def loss() -> Tensor:
            return _loss(motion.bent(*free), sights, figure, weights).sum()

        descend(free, loss, steps, rate)
    with torch.no_grad():
        return motion.bent(*(each.detach() for each in free))


def descend(free: Sequence[Tensor], loss: Callable[[], Tensor], steps: int, rate: float) -> None:
    """Adam (Kingma & Ba, 2015) with a cosine from ``rate`` down to a twentieth of it; changes ``free``."""
    optimiser = torch.optim.Adam(list(free), lr=rate)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * (0.05 + 0.95 * (1 + math.cos(math.pi * step / steps)) / 2)
        optimiser.zero_grad()
        loss().backward()  # pyright: ignore[reportUnknownMemberType]
        optimiser.step()  # pyright: ignore[reportUnknownMemberType]


@dataclass(frozen=True, slots=True)
class _Motion:
    """Around where the search starts: turns as axis-angle before the start's, places along rays and in log depth."""

    turn: Tensor
    place_m: Tensor

    @classmethod
    def of(cls, start: Bent) -> _Motion:
        return cls(start.turn, start.place_m)

    def bent(self, angles: Tensor, numbers: Tensor, turned: Tensor, moved: Tensor) -> Bent:
        depth = self.place_m[:, 2:]
        ahead = depth * moved[:, 2:].exp()
        aside = (self.place_m[:, :2] / depth + moved[:, :2]) * ahead
        return Bent(
            angles * _UNIT_DEG,
            numbers,
            rotation_from_axis_angle(turned) @ self.turn,
            torch.cat((aside, ahead), -1),
        )


def _start(sights: Sights, figure: PriorFigure, weights: Weights) -> Bent:
    """Of the prior's draws, the few whose metric landmarks fit best; of those, the one with the least loss."""
    gallery, size = figure.gallery, len(sights.rays)
    known_m = gallery.keypoints_m[:, _ROWS]
    best: list[Tensor] = []
    for one, trust in zip(sights.metric_m, sights.trust_3d, strict=True):
        apart = rigid_turns(known_m, one.expand_as(known_m), trust.expand(known_m.shape[:2]))[2]
        best.append(apart.topk(_STARTS, largest=False).indices)
    chosen = torch.cat(best)
    many = sights.repeated(_STARTS)
    turn, _, _ = rigid_turns(known_m[chosen], many.metric_m, many.trust_3d)
    place = solve_translation(known_m[chosen] @ turn.transpose(-1, -2), many.rays, many.trust_2d + 0.05)
    numbers = torch.zeros(len(chosen), len(figure.shape.directions))
    starts = Bent(gallery.angles_deg[chosen], numbers, turn, place)
    with torch.no_grad():
        loss = _loss(starts, many, figure, weights).reshape(size, _STARTS)
    rows = loss.argmin(1) + _STARTS * torch.arange(size)
    return Bent(starts.angles_deg[rows], numbers[rows], turn[rows], place[rows])


def _loss(bent: Bent, sights: Sights, figure: PriorFigure, weights: Weights) -> Float[Tensor, " b"]:
    points = bent.keypoints_cam_m(figure)[:, _ROWS]
    depth = points[..., 2:].clamp(min=0.05)
    away = (points[..., :2] / depth - sights.rays) * sights.focal_sizes[:, None, None]
    seen = (sights.trust_2d * _robust(away / weights.size_2d)).sum(-1)
    share = (sights.trust_3d / sights.trust_3d.sum(-1, keepdim=True))[..., None]
    one = points - (share * points).sum(1, keepdim=True)
    other = sights.metric_m - (share * sights.metric_m).sum(1, keepdim=True)
    metric = (sights.trust_3d * _robust((one - other) / weights.metres_3d)).sum(-1)
    gravity = -(bent.turn.transpose(-1, -2) @ sights.up_cam[..., None])[..., 0]
    rarity, excess = figure.rarity(bent.angles_deg, gravity)
    shape = bent.numbers.square().sum(-1) / 2
    return seen + metric + weights.rarity * rarity + weights.limits * excess + weights.shape * shape


def _robust(residual: Float[Tensor, "b l k"]) -> Float[Tensor, "b l"]:
    """Quadratic near zero, linear far away (Charbonnier)."""
    return (1 + residual.square().sum(-1)).sqrt() - 1
