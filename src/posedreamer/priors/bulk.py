"""Body volume as balls on bones: a cheap test of whether a pose pushes one part of the body into another.

Balls are fitted to the rest mesh of each person's own shape: limbs are cut into slices (centre and mean radius), the
trunk into flat slices of three balls each. They then ride rigidly on their bones.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int, Int64

from posedreamer.bodies.protocol import BodyTopology
from posedreamer.priors.skeleton import PosedBones, Skeleton
from posedreamer.rendering.kernels import kernel

__all__ = ["Bulk", "BulkMap", "Slice"]

_LIMB_SLICES: Final = {
    "upper_arm": ("upperarm01", "lowerarm01", 4, "upperarm02"),
    "forearm": ("lowerarm01", "wrist", 4, "lowerarm01"),
    "hand": ("wrist", "finger3-3", 3, "wrist"),
    "thigh": ("upperleg01", "lowerleg01", 5, "upperleg02"),
    "shin": ("lowerleg01", "foot", 5, "lowerleg01"),
    "foot": ("foot", "toe2-3", 3, "foot"),
}
"""part -> from, to, how many slices, the bone that carries them."""
_TRUNK_SLICES: Final = {"pelvis": ("root", 2), "abdomen": ("spine03", 2), "chest": ("spine01", 3)}
_HEAD_BALLS: Final = 3
_HAND_M: Final = 0.022
_TOUCH_M: Final = 0.012
"""Flesh gives: balls may overlap this much."""

_GROUPS: Final = ("head", "chest", "abdomen", "pelvis", *(f"{s}_{p}" for s in ("left", "right") for p in _LIMB_SLICES))


def _apart(first: str, second: str) -> bool:
    """True if two groups are no neighbours and so must not overlap."""
    order = ("upper_arm", "forearm", "hand"), ("thigh", "shin", "foot")
    trunk = ("head", "chest", "abdomen", "pelvis")
    if first in trunk and second in trunk:
        return False
    near = (
        {"chest", "upper_arm"},
        {"abdomen", "upper_arm"},
        {"pelvis", "thigh"},
        {"abdomen", "thigh"},
        {"thigh"},
        {"head", "upper_arm"},
    )
    plain = [name.removeprefix("left_").removeprefix("right_") for name in (first, second)]
    if set(plain) in near or (plain[0] == plain[1] == "thigh"):
        return False
    same_side = first.split("_")[0] == second.split("_")[0] and first not in trunk and second not in trunk
    return not (same_side and any(set(plain) <= set(chain) for chain in order))


@dataclass(frozen=True, slots=True)
class Bulk:
    """Balls of one person: the bone each rides on, its place from that bone's head at rest, radius and group."""

    bone: Int64[np.ndarray, " s"] = field(repr=False)
    offset_m: Float[np.ndarray, "s 3"] = field(repr=False)
    radius_m: Float[np.ndarray, " s"] = field(repr=False)
    group: Int64[np.ndarray, " s"] = field(repr=False)
    tested: Bool[np.ndarray, "g g"] = field(repr=False)

    def centres_m(self, posed: PosedBones) -> Float[np.ndarray, "s 3"]:
        """World centres of the balls."""
        return posed.heads_m[self.bone] + np.einsum("sij,sj->si", posed.rotations[self.bone], self.offset_m)

    def overlap_m(self, posed: PosedBones) -> float:
        """How deep the worst pair of parts that should be apart overlaps, beyond touching; 0 when none does."""
        return float(_overlaps(self.centres_m(posed), self.radius_m, self.group, self.tested).max())

    def overlaps(self, posed: PosedBones) -> Mapping[tuple[str, str], float]:
        """The overlapping pairs of parts by name and how deep, metres."""
        depth = _overlaps(self.centres_m(posed), self.radius_m, self.group, self.tested)
        return {(_GROUPS[a], _GROUPS[b]): float(depth[a, b]) for a, b in np.argwhere(depth > 0)}

    def girth_m(self, group: str) -> tuple[float, float, Float[np.ndarray, "3"]]:
        """Half width, half depth and middle (from its bone's head at rest) of a part of the trunk, metres."""
        mine = self.group == _GROUPS.index(group)
        offset, radius = self.offset_m[mine], self.radius_m[mine]
        half_width = float((offset[:, 0] + radius).max())
        return half_width, float(radius.max()), offset.mean(axis=0)

    def radius_of(self, group: str) -> float:
        """Mean radius of a part, metres."""
        return float(self.radius_m[self.group == _GROUPS.index(group)].mean())

    def lowest_m(self, posed: PosedBones) -> float:
        """Height of the lowest point of the balls: near the mesh's, at a fraction of the cost."""
        return float((self.centres_m(posed)[:, 2] - self.radius_m).min())


@dataclass(frozen=True, slots=True)
class Slice:
    """Vertices of one slice of a part, the bone that carries it and the direction of the part at rest."""

    group: str
    bone: str
    along: Float[np.ndarray, "3"]
    vertices: Int[np.ndarray, " n"] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BulkMap:
    """Which vertices of a body's rest mesh make which ball; fits the balls to any shape of that body."""

    slices: tuple[Slice, ...] = field(repr=False)

    @classmethod
    def of(cls, topology: BodyTopology, rest_m: Float[np.ndarray, "v 3"], skeleton: Skeleton) -> BulkMap:
        """Slices of the neutral rest mesh."""
        vertices = {
            name: np.unique(topology.faces[topology.face_part == part]) for part, name in enumerate(topology.part_names)
        }
        slices: list[Slice] = []
        up = np.array([0.0, 0.0, 1.0])
        for side in ("left", "right"):
            for part, (start, end, count, bone) in _LIMB_SLICES.items():
                suffix = f".{side[0].upper()}"
                axis = skeleton.offset_m(start + suffix, end + suffix)
                origin = skeleton.heads_rest_m[skeleton.index(start + suffix)]
                ids = vertices[f"{side}_{part}"]
                place = (rest_m[ids] - origin) @ axis / (axis @ axis)
                along = axis / np.linalg.norm(axis)
                slices += [Slice(f"{side}_{part}", bone + suffix, along, ids[s]) for s in _cut(place, count)]
        for part, (bone, count) in _TRUNK_SLICES.items():
            ids = vertices[part]
            slices += [Slice(part, bone, up, ids[s]) for s in _cut(rest_m[ids, 2], count)]
        head = np.concatenate([vertices["face"], vertices["scalp"]])
        slices += [Slice("head", "head", up, head[s]) for s in _cut(rest_m[head, 2], _HEAD_BALLS)]
        return cls(tuple(slices))

    def fit(self, rest_m: Float[np.ndarray, "v 3"], skeleton: Skeleton) -> Bulk:
        """The balls of one person's rest mesh."""
        bones: list[int] = []
        offsets: list[Float[np.ndarray, "3"]] = []
        radii: list[float] = []
        groups: list[int] = []
        for part in self.slices:
            row = skeleton.index(part.bone)
            for centre, radius in _balls(part, rest_m[part.vertices]):
                bones.append(row)
                offsets.append(centre - skeleton.heads_rest_m[row])
                radii.append(radius)
                groups.append(_GROUPS.index(part.group))
        tested = np.array(
            [[b > a and _apart(first, second) for b, second in enumerate(_GROUPS)] for a, first in enumerate(_GROUPS)]
        )
        return Bulk(np.array(bones), np.array(offsets), np.array(radii), np.array(groups), tested)


def _cut(place: Float[np.ndarray, " n"], count: int) -> list[Bool[np.ndarray, " n"]]:
    low, high = (float(np.percentile(place, share)) for share in (2.0, 98.0))
    edges = [low + (high - low) * k / count for k in range(count + 1)]
    return [(place >= a) & (place <= b) for a, b in itertools.pairwise(edges)]


def _balls(part: Slice, points_m: Float[np.ndarray, "n 3"]) -> list[tuple[Float[np.ndarray, "3"], float]]:
    low, high = points_m.min(axis=0), points_m.max(axis=0)
    centre, half = (low + high) / 2.0, (high - low) / 2.0
    if part.group in _TRUNK_SLICES:
        radius = 0.95 * float(half[1])
        aside = np.array([max(0.0, min(float(half[0]), 1.7 * radius) - radius), 0.0, 0.0])
        return [(centre, radius), (centre + aside, radius * 0.92), (centre - aside, radius * 0.92)]
    if part.group == "head":
        return [(centre, float(min(half[0], half[1])))]
    if part.group.endswith("hand"):
        return [(centre, _HAND_M)]
    centre = points_m.mean(axis=0)
    outward = points_m - centre
    outward = outward - np.outer(outward @ part.along, part.along)
    return [(centre, float(np.linalg.norm(outward, axis=1).mean()))]


@kernel
def _overlaps(centres: np.ndarray, radii: np.ndarray, group: np.ndarray, tested: np.ndarray) -> np.ndarray:
    depth = np.zeros(tested.shape)
    for i in range(centres.shape[0]):
        for j in range(centres.shape[0]):
            if not tested[group[i], group[j]]:
                continue
            squared = 0.0
            for k in range(3):
                squared += (centres[i, k] - centres[j, k]) ** 2
            over = radii[i] + radii[j] - _TOUCH_M - np.sqrt(squared)
            if over > depth[group[i], group[j]]:
                depth[group[i], group[j]] = over
    return depth
