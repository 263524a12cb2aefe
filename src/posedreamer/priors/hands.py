"""Hand shapes: finger joint angles of named shapes, and their rotations in the body's hand parameters.

Angles in degrees per finger: flexion at the knuckle, the middle and the end joint; 0 is a straight finger in line with
its metacarpal. The thumb has its saddle joint (palmar abduction: away from the palm; adduction: toward the index) and
two hinges.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float

from posedreamer.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from posedreamer.priors.skeleton import Skeleton

__all__ = ["HAND_SHAPES", "HandMap", "HandShape"]


@dataclass(frozen=True, slots=True)
class HandShape:
    """Finger flexions (index, middle, ring, little; each knuckle, middle, end), spread and thumb, degrees.

    Attributes:
        spread: index outward, little outward the other way.
        thumb: palmar abduction, adduction, knuckle flexion, end flexion.
        looseness: standard deviation of the common curl; single fingers vary by a third of it.
    """

    fingers: tuple[tuple[float, float, float], ...]
    spread: float
    thumb: tuple[float, float, float, float]
    looseness: float


def _even(knuckle: float, middle: float, end: float, step: float = 0.0) -> tuple[tuple[float, float, float], ...]:
    return tuple((knuckle + step * k, middle + step * k, end + step * k * 0.6) for k in range(4))


HAND_SHAPES: Final[Mapping[str, HandShape]] = MappingProxyType(
    {
        "relaxed": HandShape(_even(22, 30, 16, 4.0), -3.0, (14, 8, 10, 14), 8.0),
        "open": HandShape(_even(2, 6, 4), 3.0, (8, -10, 2, 2), 4.0),
        "flat": HandShape(_even(-2, 5, 3), -4.5, (4, 6, 2, 4), 3.0),
        "support": HandShape(_even(-8, 4, 2), 2.0, (0, -16, 0, 4), 2.0),
        "fist": HandShape(_even(76, 95, 52, 2.0), -4.0, (32, 26, 34, 34), 3.0),
        "pointing": HandShape(((0, 4, 3), (68, 92, 50), (74, 94, 52), (76, 92, 52)), 0.0, (30, 24, 32, 30), 3.0),
        "grip": HandShape(_even(48, 58, 32, 3.0), -3.0, (34, 8, 18, 22), 5.0),
        "cup": HandShape(_even(30, 34, 20, 2.0), -2.0, (38, 0, 12, 16), 5.0),
        "pinch": HandShape(((48, 40, 22), (34, 34, 18), (26, 28, 16), (20, 24, 12)), 2.0, (36, 10, 16, 20), 4.0),
        "claw": HandShape(_even(10, 38, 28), 6.0, (20, -4, 8, 20), 5.0),
        "victory": HandShape(((0, 4, 3), (0, 4, 3), (74, 92, 50), (76, 92, 50)), 9.0, (38, 24, 34, 34), 3.0),
        "thumb_up": HandShape(_even(78, 96, 52), -2.0, (2, -18, -4, -6), 3.0),
    }
)

_LOW: Final = np.array([-20.0, 0.0, 0.0])
_HIGH: Final = np.array([90.0, 108.0, 72.0])


@dataclass(frozen=True, slots=True)
class HandMap:
    """Angles of a hand to rotations of the 19 bones below the wrist, in the model's order (left; right is its mirror).

    Attributes:
        bones: names without their side.
        hinge: per bone the world axis (at rest) about which it flexes.
        rest_deg: per bone the flexion that the rest pose already has.
        normal: the palm's direction at rest.
        along: from wrist to middle knuckle at rest.
    """

    bones: tuple[str, ...]
    hinge: Mapping[str, Float[np.ndarray, "3"]] = field(repr=False)
    rest_deg: Mapping[str, float] = field(repr=False)
    normal: Float[np.ndarray, "3"]
    along: Float[np.ndarray, "3"]

    @classmethod
    def of(cls, skeleton: Skeleton) -> HandMap:
        """Axes and rest angles read off a skeleton named like anny's."""
        bones = tuple(
            name[:-2] for name in skeleton.names if name.endswith(".L") and (name.startswith(("finger", "metacarpal")))
        )
        along = _direction(skeleton, "wrist", "finger3-1")
        radial = _direction(skeleton, "finger5-1", "finger2-1")
        normal = np.cross(along, radial)
        normal /= np.linalg.norm(normal)
        hinge: dict[str, Float[np.ndarray, "3"]] = {}
        rest: dict[str, float] = {}
        for number in (2, 3, 4, 5):
            chain = (f"metacarpal{number - 1}", *(f"finger{number}-{k}" for k in (1, 2, 3)))
            steps = [_direction(skeleton, a, b) for a, b in itertools.pairwise(chain)]
            steps.append(steps[-1])
            for k in (1, 2, 3):
                axis = -(radial - steps[k] * (radial @ steps[k]))
                axis = axis / np.linalg.norm(axis)
                hinge[chain[k]] = axis
                before, after = steps[k - 1], steps[k]
                rest[chain[k]] = float(np.degrees(np.arctan2(np.cross(before, after) @ axis, before @ after)))
            rest[chain[3]] = rest[chain[2]] * 0.6
        first, second = (_direction(skeleton, f"finger1-{k}", f"finger1-{k + 1}") for k in (1, 2))
        thumb = np.cross(first, second)
        thumb /= np.linalg.norm(thumb)
        hinge |= {"finger1-2": thumb, "finger1-3": thumb}
        return cls(bones, hinge, rest, normal, along)

    def rotations(self, name: str, rng: np.random.Generator, side: str) -> Float[np.ndarray, "19 3"]:
        """Axis-angle (radians) of one hand of a named shape, with the shape's own variation."""
        shape = HAND_SHAPES[name]
        curl = float(np.clip(rng.standard_normal(), -2.0, 2.0)) * shape.looseness
        rows = np.zeros((len(self.bones), 3))
        for number, finger in zip((2, 3, 4, 5), shape.fingers, strict=True):
            own = float(np.clip(rng.standard_normal(), -2.0, 2.0)) * shape.looseness / 3.0
            wanted = np.clip(np.array(finger) + (curl + own) * np.array([1.0, 1.0, 0.6]), _LOW, _HIGH)
            spread = shape.spread * (3.3 - number) / 1.5
            for k in (1, 2, 3):
                bone = f"finger{number}-{k}"
                matrix = _about(self.hinge[bone], float(wanted[k - 1]) - self.rest_deg[bone])
                if k == 1:
                    matrix = matrix @ _about(self.normal, spread)
                rows[self.bones.index(bone)] = axis_angle_from_matrix(matrix)
        for bone, matrix in self._thumb(shape, curl * 0.6).items():
            rows[self.bones.index(bone)] = axis_angle_from_matrix(matrix)
        return rows if side == "left" else rows * np.array([1.0, -1.0, -1.0])

    def _thumb(self, shape: HandShape, curl: float) -> dict[str, Float[np.ndarray, "3 3"]]:
        palmar, adduction, knuckle, end = shape.thumb
        saddle = _about(self.along, palmar) @ _about(self.normal, -adduction)
        return {
            "finger1-1": saddle,
            "finger1-2": _about(self.hinge["finger1-2"], knuckle + curl - 10.0),
            "finger1-3": _about(self.hinge["finger1-3"], end + curl - 10.0),
        }


def _direction(skeleton: Skeleton, start: str, end: str) -> Float[np.ndarray, "3"]:
    offset = skeleton.offset_m(f"{start}.L", f"{end}.L")
    return offset / np.linalg.norm(offset)


def _about(axis: Float[np.ndarray, "3"], angle_deg: float) -> Float[np.ndarray, "3 3"]:
    return matrix_from_axis_angle(axis * np.radians(angle_deg))
