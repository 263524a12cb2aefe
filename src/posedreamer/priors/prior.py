"""The pose prior: human poses of named families, drawn from knowledge of anatomy; nothing is learned from data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32

from posedreamer.bodies.anny import AnnyBody, load_anny
from posedreamer.bodies.phenotype import adult_phenotypes
from posedreamer.errors import RecipeError, did_you_mean
from posedreamer.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from posedreamer.priors.bulk import Bulk, BulkMap
from posedreamer.priors.density import PoseDensity
from posedreamer.priors.draft import Draft
from posedreamer.priors.encoding import Parameters, PoseEncoding
from posedreamer.priors.families import FAMILIES
from posedreamer.priors.hands import HandMap
from posedreamer.priors.joints import JointMap
from posedreamer.priors.settle import rest_on_ground
from posedreamer.priors.skeleton import Skeleton
from posedreamer.priors.turns import turn
from posedreamer.priors.untangle import untangle

__all__ = ["REVISION", "DrawnPose", "PosePrior", "PriorSample"]

REVISION: Final = "1"
"""Changes when any draw changes."""

_TRIES: Final = 5
_TOLERATED_M: Final = 0.015
_SETTLE_STRIDE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorSample:
    """One pose.

    Attributes:
        parameters: unbatched float32 arrays by name, as ``BodySpec.parameters`` lists them; feet or lowest point on
            the ground (above it in a jump), the body's middle over the origin, random heading.
        family: key of ``FAMILIES``.
        action: words for a caption ("running").
        log_density: how typical the pose is, see ``density``.
    """

    parameters: Mapping[str, Float32[np.ndarray, "..."]] = field(repr=False)
    family: str
    action: str
    log_density: float


@dataclass(frozen=True, slots=True)
class DrawnPose:
    """A ``PriorSample`` before its density is known."""

    parameters: Mapping[str, Float32[np.ndarray, "..."]] = field(repr=False)
    family: str
    action: str


class PosePrior:
    """Samples adult bodies in poses of a mixture of families; every draw depends on its generator alone.

    ``families``: weights by name (need not sum to one); None takes the default mixture. Raises RecipeError for an
    unknown family, a negative weight or weights that are all zero.
    """

    def __init__(self, families: Mapping[str, float] | None = None, body: AnnyBody | None = None) -> None:
        weights = {name: family.weight for name, family in FAMILIES.items()} if families is None else dict(families)
        _check_weights(weights)
        self._weights = weights
        self._names = tuple(weights)
        self._shares = np.array([weights[name] for name in self._names]) / sum(weights.values())
        self._body = body or load_anny()
        rest_m, skeleton = self._rest(np.full(6, 0.5, dtype=np.float32))
        self._joints = JointMap.of(skeleton)
        self._hands = HandMap.of(skeleton)
        self._bulk = BulkMap.of(self._body.topology, rest_m, skeleton)
        entries = self._body.spec.parameter("body_pose").entries
        rows = np.array([skeleton.index(name) for name in entries], dtype=np.int64)
        self._encoding = PoseEncoding(self._joints, rows)

    @cached_property
    def _density(self) -> PoseDensity:
        return PoseDensity.read()

    def sample(self, rng: np.random.Generator) -> PriorSample:
        """One adult in one pose."""
        drawn = self.draw(rng)
        return PriorSample(
            parameters=drawn.parameters,
            family=drawn.family,
            action=drawn.action,
            log_density=self.log_density(drawn.parameters),
        )

    def draw(self, rng: np.random.Generator) -> DrawnPose:
        """``sample`` without its density."""
        family = self._names[int(rng.choice(len(self._names), p=self._shares))]
        phenotype = adult_phenotypes(rng, 1)[0]
        rest_m, skeleton = self._rest(phenotype)
        draft = self._draft(family, skeleton, self._bulk.fit(rest_m, skeleton), rng)
        if rng.random() < 0.5:
            draft.mirror()
        draft.pelvis = turn(2, float(rng.uniform(-180.0, 180.0))) @ draft.pelvis
        parameters = self._parameters(draft, phenotype, rng)
        self._place(parameters, draft, skeleton)
        return DrawnPose(parameters, family, draft.action)

    @property
    def encoding(self) -> PoseEncoding:
        """Anatomical angles of this prior's body."""
        return self._encoding

    def log_density(self, parameters: Parameters) -> float:
        """How typical a pose is under this mixture (see ``density``); shape, place and heading do not matter.

        Raises InputError when ``body_pose`` does not fit the body or is not finite.
        """
        encoding = self._encoding
        turned = matrix_from_axis_angle(np.asarray(parameters["global_orient"], dtype=np.float64))
        return self._density.log_density(
            encoding.angles(parameters), -turned[2], encoding.residual_deg(parameters), self._weights
        )

    def hardness(self, parameters: Parameters) -> float:
        """Share of the default prior's draws that are more typical; above 1 for poses rarer than all of them."""
        return self.hardness_of(self.log_density(parameters))

    def hardness_of(self, log_density: float) -> float:
        """``hardness`` of a pose whose log density is known."""
        return self._density.hardness(log_density)

    def clamp_to_limits(self, parameters: Parameters) -> tuple[dict[str, Float32[np.ndarray, "..."]], float]:
        """The nearest pose inside the joint limits, and how far the pose was from anatomical angles, degrees."""
        return self._encoding.clamped(parameters), self._encoding.residual_deg(parameters)

    def perturb(
        self, parameters: Parameters, rng: np.random.Generator, scale_deg: float
    ) -> dict[str, Float32[np.ndarray, "..."]]:
        """A pose around a guide pose: noise on its angles inside the limits, its lowest point as high as before.

        ``scale_deg`` is the deviation of the widest joints (5 is a variation, 20 another pose).
        """
        changed = self._encoding.perturbed(parameters, rng, scale_deg)
        before_m, after_m = (float(self._vertices_m(p)[:, 2].min()) for p in (parameters, changed))
        changed["transl"] = changed["transl"] + np.array([0.0, 0.0, before_m - after_m], dtype=np.float32)
        return changed

    def surface_m(self, sample: PriorSample) -> Float[np.ndarray, "v 3"]:
        """World vertices of a sample's mesh."""
        return self._vertices_m(sample.parameters)

    def _vertices_m(self, parameters: Parameters) -> Float[np.ndarray, "v 3"]:
        posed = self._body.pose({name: value[None] for name, value in parameters.items()})
        return posed.vertices_m[0].numpy().astype(np.float64)

    def _rest(self, phenotype: Float32[np.ndarray, "6"]) -> tuple[Float[np.ndarray, "v 3"], Skeleton]:
        """Mesh and joints of a shape at rest."""
        neutral = self._body.neutral(1)
        neutral["phenotype"][0] = phenotype
        posed = self._body.pose(neutral)
        spec = self._body.spec
        heads = posed.bones_world[0, :, :3, 3].numpy().astype(np.float64)
        skeleton = Skeleton(spec.bone_names, np.array(spec.bone_parents, dtype=np.int64), heads)
        return posed.vertices_m[0].numpy().astype(np.float64), skeleton

    def _draft(self, family: str, skeleton: Skeleton, bulk: Bulk, rng: np.random.Generator) -> Draft:
        """The first draw of the family without gross overlap, or the least overlapping of a few."""
        best: tuple[float, Draft] | None = None
        for _ in range(_TRIES):
            draft = Draft(skeleton, bulk, self._joints, rng)
            FAMILIES[family].draw(draft)
            draft.shake(FAMILIES[family].noise_deg)
            draft.clamp()
            overlap_m = untangle(draft, _TOLERATED_M)
            if best is None or overlap_m < best[0]:
                best = overlap_m, draft
            if overlap_m <= _TOLERATED_M:
                break
        assert best is not None
        return best[1]

    def _parameters(
        self, draft: Draft, phenotype: Float32[np.ndarray, "6"], rng: np.random.Generator
    ) -> dict[str, Float32[np.ndarray, "..."]]:
        local = draft.local_rotations()
        gaze = np.radians(rng.normal(0.0, (5.0, 8.0)))
        eyes = np.tile([gaze[0], 0.0, gaze[1]], (2, 1))
        found = {
            "phenotype": phenotype,
            "transl": np.zeros(3),
            "global_orient": axis_angle_from_matrix(draft.pelvis),
            "body_pose": axis_angle_from_matrix(local[self._encoding.rows]),
            "left_hand_pose": self._hands.rotations(draft.fingers["left"], rng, "left"),
            "right_hand_pose": self._hands.rotations(draft.fingers["right"], rng, "right"),
            "eye_pose": eyes,
        }
        return {name: np.asarray(value, dtype=np.float32) for name, value in found.items()}

    def _place(self, parameters: dict[str, Float32[np.ndarray, "..."]], draft: Draft, skeleton: Skeleton) -> None:
        """Put the mesh on the ground, its middle over the origin (changes ``parameters``, which is ours)."""
        with torch.no_grad():
            posed = self._body.pose({name: value[None] for name, value in parameters.items()})
        vertices = posed.vertices_m[0].numpy().astype(np.float64)
        if draft.settle_deg > 0.0:
            draft.root_m = posed.bones_world[0, 0, :3, 3].numpy().astype(np.float64)
            rotation, offset = rest_on_ground(vertices[::_SETTLE_STRIDE], draft.mass_centre_m(), draft.settle_deg)
            root_m = rotation @ draft.root_m + offset
            vertices = vertices @ rotation.T + offset
            parameters["global_orient"] = axis_angle_from_matrix(rotation @ draft.pelvis).astype(np.float32)
            parameters["transl"] = (root_m - skeleton.heads_rest_m[0]).astype(np.float32)
        middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2.0
        shift = np.array([-middle[0], -middle[1], draft.lift_m - vertices[:, 2].min()])
        parameters["transl"] = (parameters["transl"] + shift).astype(np.float32)


def _check_weights(weights: Mapping[str, float]) -> None:
    for name, weight in weights.items():
        if name not in FAMILIES:
            hint = did_you_mean(name, FAMILIES)
            raise RecipeError(f"unknown pose family {name!r}; known: {', '.join(FAMILIES)}.{hint}")
        if not np.isfinite(weight) or weight < 0:
            raise RecipeError(f"pose family {name!r} has weight {weight}; expected a number >= 0")
    if not weights or sum(weights.values()) <= 0:
        raise RecipeError("the pose prior has no family with a weight above zero; give at least one")
