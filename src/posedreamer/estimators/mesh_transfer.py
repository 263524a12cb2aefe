"""The prior's body handed over to any other body of the protocol: keypoints are what both have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from posedreamer.bodies.kinematics import rotation_from_axis_angle
from posedreamer.bodies.protocol import BodyModel
from posedreamer.estimators.mesh_descent import Bent, descend
from posedreamer.estimators.mesh_figure import PriorFigure, keypoints_of, shape_of
from posedreamer.estimators.mesh_sight import BODY_ROWS
from posedreamer.geometry.keypoints import BODY_65, COCO_17, FEET_6
from posedreamer.geometry.rotations import axis_angle_from_matrix
from posedreamer.priors.anatomy import clamp_angles
from posedreamer.records import Camera

__all__ = ["Placed", "as_placed", "handed_over", "world_parameters"]

_ROWS: Final = torch.as_tensor(
    np.unique(np.concatenate([BODY_65.indices_of((*COCO_17.names, *FEET_6.names)), BODY_ROWS]))
)
_TRUNK: Final = torch.as_tensor(
    BODY_65.indices_of(("left_shoulder", "right_shoulder", "left_hip", "right_hip", "left_ear", "right_ear"))
)
_NEAR_M: Final = 0.02
_REST: Final = 0.5
_STEPS, _RATE = 200, 0.1


@dataclass(frozen=True, slots=True)
class Placed:
    """Bodies with the root at rest, and where they are: x_cam = turn x_body + place."""

    parameters: Mapping[str, Float[Tensor, "b ..."]]
    turn: Float[Tensor, "b 3 3"]
    place_m: Float[Tensor, "b 3"]


def as_placed(bent: Bent, figure: PriorFigure) -> Placed:
    """The prior's own body, its angles held inside the joint limits."""
    clamped = np.stack([clamp_angles(each) for each in bent.angles_deg.numpy().astype(np.float64)])
    parameters = figure.parameters(torch.as_tensor(clamped, dtype=torch.float32), bent.numbers)
    return Placed(parameters, bent.turn, bent.place_m)


def handed_over(placed: Placed, figure: PriorFigure, body: BodyModel) -> Placed:
    """Another body with its keypoints where the prior's body has them.

    Where keypoints leave a turn open (twists of straight limbs), and everywhere a little, bones stay near their rest.
    """
    with torch.no_grad():
        targets = keypoints_of(figure.body, dict(placed.parameters))
    size, shape = len(targets), shape_of(body.spec)
    rest = {name: torch.as_tensor(value) for name, value in body.neutral(size).items()}
    with torch.no_grad():
        start = (targets - keypoints_of(body, rest))[:, _TRUNK].mean(1)
    pose = torch.zeros_like(rest["body_pose"]).requires_grad_()
    numbers = torch.zeros(size, len(shape.directions)).requires_grad_()
    turned = torch.zeros(size, 3).requires_grad_()
    moved = start.clone().requires_grad_()

    def parameters() -> dict[str, Tensor]:
        return {**rest, "body_pose": pose, **shape.parameter(numbers)}

    def loss() -> Tensor:
        points = keypoints_of(body, parameters()) @ rotation_from_axis_angle(turned).transpose(-1, -2)
        apart = ((points + moved[:, None] - targets)[:, _ROWS] / _NEAR_M).square().sum(-1)
        return ((1 + apart).sqrt() - 1).sum() + _REST * pose.square().sum() + numbers.square().sum() / 2

    with torch.enable_grad():
        descend((pose, numbers, turned, moved), loss, _STEPS, _RATE)
    with torch.no_grad():
        own = rotation_from_axis_angle(turned)
        found = {name: value.detach().clone() for name, value in parameters().items()}
        place = (placed.turn @ moved.detach()[..., None])[..., 0] + placed.place_m
    return Placed(found, placed.turn @ own, place)


def world_parameters(
    placed: Placed, body: BodyModel, row: int, camera: Camera
) -> dict[str, Float32[np.ndarray, "..."]]:
    """The parameters of one body in the world of its camera, unbatched.

    ``global_orient`` turns about the root's head h, ``transl`` moves then: x = R (x_body - h) + h + transl.
    """
    local = {name: value[row : row + 1].numpy().astype(np.float32) for name, value in placed.parameters.items()}
    root_m = body.pose(local).bones_world[0, 0, :3, 3].numpy().astype(np.float64)
    world_from_cam = camera.cam_from_world[:3, :3].T
    turn = world_from_cam @ placed.turn[row].numpy().astype(np.float64)
    place_m = world_from_cam @ (placed.place_m[row].numpy().astype(np.float64) - camera.cam_from_world[:3, 3])
    found = {name: value[0] for name, value in local.items()}
    found["global_orient"] = axis_angle_from_matrix(turn).astype(np.float32)
    found["transl"] = (place_m + turn @ root_m - root_m).astype(np.float32)
    return found
