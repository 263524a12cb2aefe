"""What every parametric body gives: named parameters in, meshes and keypoints out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float32, Int32
from torch import Tensor

__all__ = ["BodyModel", "BodyPose", "BodySpec", "BodyTopology", "ParameterSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSpec:
    """One named parameter of a body model.

    Attributes:
        name: field's word: transl, global_orient, body_pose, left_hand_pose, right_hand_pose, eye_pose, jaw_pose,
            expression, betas or phenotype. A model without a parameter does not list it.
        shape: of one person, unbatched; rotations are (bones, 3) axis-angle in radians.
        entries: what each row (or element) is called: bone names, phenotype names; empty where they have no name.
        low, high: valid range of each element.
        neutral: the value of every element in the rest state.
    """

    name: str
    shape: tuple[int, ...]
    entries: tuple[str, ...]
    low: float
    high: float
    neutral: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BodySpec:
    """A body model's identity and skeleton.

    Attributes:
        name: catalogue id, e.g. "anny".
        version: changes when any output changes.
        licence: SPDX id or short name of the model data's licence.
        bone_names, bone_parents: the kinematic tree, parents before children, -1 for the root.
        parameters: in the order they are stored.
    """

    name: str
    version: str
    licence: str
    bone_names: tuple[str, ...]
    bone_parents: tuple[int, ...]
    parameters: tuple[ParameterSpec, ...]

    def parameter(self, name: str) -> ParameterSpec:
        """The parameter of that name; KeyError otherwise."""
        for spec in self.parameters:
            if spec.name == name:
                return spec
        raise KeyError(f"{self.name} has no parameter {name!r}; it has {[p.name for p in self.parameters]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyTopology:
    """What does not move: triangles, texture coordinates, parts.

    Attributes:
        faces: vertex indices, counter-clockwise seen from outside.
        uv, face_uv: texture coordinates in [0, 1] (v up) and each face corner's index into them.
        face_part, part_names: body part of each face, an index into ``part_names``; names carry left_/right_.
        canonical_xyz: each vertex of the legs-spread rest body, every axis normalised to [0, 1]: the colour that
            mesh-to-RGB paints.
    """

    faces: Int32[np.ndarray, "f 3"] = field(repr=False)
    uv: Float32[np.ndarray, "t 2"] = field(repr=False)
    face_uv: Int32[np.ndarray, "f 3"] = field(repr=False)
    face_part: Int32[np.ndarray, " f"] = field(repr=False)
    part_names: tuple[str, ...]
    canonical_xyz: Float32[np.ndarray, "v 3"] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyPose:
    """A batch of posed bodies in the world frame, metres (torch tensors, differentiable).

    Attributes:
        vertices_m: (b, v, 3).
        keypoints_m: (b, 65, 3) in the order of ``geometry.keypoints.BODY_65``.
        bones_world: (b, j, 4, 4) transform of each bone: rotation of its rest axes (identity at rest) and head.
    """

    vertices_m: Float[Tensor, "b v 3"]
    keypoints_m: Float[Tensor, "b 65 3"]
    bones_world: Float[Tensor, "b j 4 4"]


@runtime_checkable
class BodyModel(Protocol):
    """A parametric body. World frame: z up, metres; at neutral parameters it stands facing -y, left side at +x."""

    @property
    def spec(self) -> BodySpec:
        """Identity, skeleton, parameters."""
        ...

    @property
    def topology(self) -> BodyTopology:
        """Faces, texture coordinates, parts."""
        ...

    def neutral(self, batch: int) -> dict[str, Float32[np.ndarray, "b ..."]]:
        """Every parameter at rest, batched, freshly allocated."""
        ...

    def forward(self, parameters: Mapping[str, Float[Tensor, "b ..."]]) -> BodyPose:
        """Posed bodies; differentiable in every parameter.

        Raises InputError for an unknown or missing parameter, a wrong shape, or a value that is not finite.
        """
        ...

    def pose(self, parameters: Mapping[str, Float[np.ndarray, "b ..."]]) -> BodyPose:
        """``forward`` on arrays, without gradients."""
        ...


def as_tensors(parameters: Mapping[str, Float[np.ndarray, "b ..."]]) -> dict[str, Tensor]:
    """Float32 tensors of batched parameter arrays."""
    return {name: torch.as_tensor(np.asarray(value, dtype=np.float32)) for name, value in parameters.items()}
