"""A pose being made: anatomical angles, where the pelvis is, where hands and feet must be, and limbs solved to them.

World axes: z up, ground at z = 0, the person's own front is -y and left +x until the final turn to a random heading.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float

from posedreamer.priors.anatomy import ANGLE_NAMES, HIGH_DEG, LOW_DEG, SIDES, clamp_angles, index_of, mirror_angles
from posedreamer.priors.bulk import Bulk
from posedreamer.priors.joints import JointMap
from posedreamer.priors.limbs import Chain, Foot, Hand, arm_angles, hand_angles, leg_angles, sole_angles, unit
from posedreamer.priors.skeleton import PosedBones, Skeleton
from posedreamer.priors.turns import turn

__all__ = ["Draft"]

Vector = Float[np.ndarray, "3"]
Matrix = Float[np.ndarray, "3 3"]

_MIRROR: Final = np.array([-1.0, 1.0, 1.0])
_MASS: Final = {
    ("head", "head"): 0.081,
    ("root", "spine01"): 0.497,
    ("upperarm01", "lowerarm01"): 0.028,
    ("lowerarm01", "wrist"): 0.016,
    ("wrist", "finger3-1"): 0.006,
    ("upperleg01", "lowerleg01"): 0.100,
    ("lowerleg01", "foot"): 0.0465,
    ("foot", "toe2-1"): 0.0145,
}
"""Share of body mass between two joints (Winter's table; trunk and head once, limbs once a side)."""
_HALFWAY: Final = 0.45
_TRUNK_SHARES: Final = (("flexion", 0.65), ("lateral", 0.5), ("twist", 0.3))
"""Share of a bend of the whole trunk that the lumbar spine takes."""


_SHAKEN: Final = np.array(
    [
        0.0 if any(part in name for part in ("hip", "knee", "shin", "ankle", "toe")) else min((high - low) / 90.0, 1.0)
        for name, low, high in zip(ANGLE_NAMES, LOW_DEG, HIGH_DEG, strict=True)
    ]
)


def _side_mirror(side: str) -> Vector:
    return np.ones(3) if side == "left" else _MIRROR


@dataclass(slots=True)
class Draft:
    """One pose in the making; families change it, the prior turns it into body parameters.

    Attributes:
        skeleton, bulk: of this person's shape.
        joints: angles to rotations of this body model.
        rng: all randomness.
        angles: anatomical angles in degrees.
        pelvis: world rotation of the root.
        root_m: world position of the root's head.
        feet, hands: targets that ``solve`` brings the limbs to.
        action: words for a caption.
        fingers: hand shape of each side, see ``hands``.
        lift_m: height of the lowest point above the ground.
        settle_deg: how far the body may still tip over on the ground until it rests.
    """

    skeleton: Skeleton
    bulk: Bulk
    joints: JointMap
    rng: np.random.Generator
    angles: Float[np.ndarray, "46"] = field(default_factory=lambda: np.zeros(len(ANGLE_NAMES)))
    pelvis: Matrix = field(default_factory=lambda: np.eye(3))
    root_m: Vector = field(default_factory=lambda: np.zeros(3))
    feet: dict[str, Foot] = field(default_factory=dict[str, Foot])
    hands: dict[str, Hand] = field(default_factory=dict[str, Hand])
    action: str = "standing"
    fingers: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SIDES, "relaxed"))
    lift_m: float = 0.0
    settle_deg: float = 0.0

    # Random numbers

    def normal(self, mean: float, deviation: float, reach: float = 2.0) -> float:
        """A normal draw, cut off at ``reach`` deviations."""
        return mean + deviation * float(np.clip(self.rng.standard_normal(), -reach, reach))

    def uniform(self, low: float, high: float) -> float:
        """A uniform draw."""
        return float(self.rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return bool(self.rng.random() < probability)

    # Angles

    def set(self, **angles_deg: float) -> None:
        """Set angles by full name."""
        for name, value in angles_deg.items():
            self.angles[index_of(name)] = value

    def side(self, side: str, **angles_deg: float) -> None:
        """Set angles of one side by the name without its side."""
        for name, value in angles_deg.items():
            self.angles[index_of(f"{side}_{name}")] = value

    def both(self, **angles_deg: float) -> None:
        """Set angles of left and right by the name without its side."""
        for side in SIDES:
            self.side(side, **angles_deg)

    def get(self, name: str) -> float:
        """One angle by full name."""
        return float(self.angles[index_of(name)])

    def bend_trunk(self, flexion: float = 0.0, lateral: float = 0.0, twist: float = 0.0) -> None:
        """Spread a bend of the whole trunk over lumbar spine and thorax as people do, on top of what is there."""
        for (name, share), total in zip(_TRUNK_SHARES, (flexion, lateral, twist), strict=True):
            self.angles[index_of(f"lumbar_{name}")] += share * total
            self.angles[index_of(f"thorax_{name}")] += (1.0 - share) * total

    def look(self, flexion: float = 0.0, twist: float = 0.0, lateral: float = 0.0) -> None:
        """Turn neck and head together against the thorax."""
        for name, total in (("flexion", flexion), ("twist", twist), ("lateral", lateral)):
            self.set(**{f"neck_{name}": 0.6 * total, f"head_{name}": 0.4 * total})

    def clamp(self) -> None:
        """Bring the angles inside their limits."""
        self.angles = clamp_angles(self.angles)

    def shake(self, deviation_deg: float) -> None:
        """Small independent noise on trunk and arms, less where the range is small; legs keep their footing."""
        noise = np.clip(self.rng.standard_normal(len(ANGLE_NAMES)), -2.0, 2.0)
        self.angles = self.angles + noise * _SHAKEN * deviation_deg

    def turn_pelvis(self, forward: float = 0.0, lateral: float = 0.0, heading: float = 0.0) -> None:
        """Tilt the pelvis forward, to the left and turn it to the left, degrees."""
        self.pelvis = turn(2, heading) @ turn(0, forward) @ turn(1, lateral)

    def mirror(self) -> None:
        """Become the mirror image; targets are dropped, the limbs keep the angles they were solved to."""
        flip = np.diag(_MIRROR)
        self.angles = mirror_angles(self.angles)
        self.pelvis = flip @ self.pelvis @ flip
        self.root_m = self.root_m * _MIRROR
        self.fingers = {"left": self.fingers["right"], "right": self.fingers["left"]}
        self.feet, self.hands = {}, {}

    # Kinematics

    def local_rotations(self) -> Float[np.ndarray, "j 3 3"]:
        """Local rotations of all bones, the root's included."""
        local = self.joints.rotations(self.angles)
        local[0] = self.pelvis
        return local

    def bones(self) -> PosedBones:
        """Where all bones are now."""
        return self.skeleton.posed(self.local_rotations(), self.root_m)

    def head_of(self, bone: str, posed: PosedBones | None = None) -> Vector:
        """World position of a bone's head."""
        return (posed or self.bones()).heads_m[self.skeleton.index(bone)]

    def mass_centre_m(self) -> Vector:
        """Centre of mass of the body, world."""
        posed = self.bones()
        total, weight = np.zeros(3), 0.0
        for (start, end), share in _MASS.items():
            for suffix in (".L", ".R") if f"{start}.L" in self.skeleton.names else ("",):
                a, b = self.head_of(start + suffix, posed), self.head_of(end + suffix, posed)
                total += share * (a + _HALFWAY * (b - a))
                weight += share
        return total / weight

    def length_m(self, *bones: str) -> float:
        """Length of a chain of the left side's joints at rest."""
        joints = [self.skeleton.heads_rest_m[self.skeleton.index(f"{bone}.L")] for bone in bones]
        return float(sum(np.linalg.norm(b - a) for a, b in itertools.pairwise(joints)))

    @property
    def leg_m(self) -> float:
        """Hip to ankle with a straight knee."""
        return self.length_m("upperleg01", "lowerleg01", "foot")

    @property
    def arm_m(self) -> float:
        """Shoulder to wrist with a straight elbow."""
        return self.length_m("upperarm01", "lowerarm01", "wrist")

    # Limbs to targets

    def solve(self) -> None:
        """Bend every leg and arm that has a target to it; the rest keeps its angles."""
        for side, foot in self.feet.items():
            self._solve_leg(side, foot)
        for side, hand in self.hands.items():
            self._solve_arm(side, hand)

    def solve_legs(self) -> None:
        """Bend every leg that has a target to it."""
        for side, foot in self.feet.items():
            self._solve_leg(side, foot)

    def _solve_leg(self, side: str, foot: Foot) -> None:
        mirror, letter, zero = _side_mirror(side), side[0].upper(), self.joints.zero
        bones = (f"upperleg01.{letter}", f"lowerleg01.{letter}", f"foot.{letter}")
        chain = Chain(
            zero["thigh"] @ (mirror * self.skeleton.offset_m(bones[0], bones[1])),
            zero["shin"] @ (mirror * self.skeleton.offset_m(bones[1], bones[2])),
        )
        hip_m = mirror * self.skeleton.offset_m("root", bones[0])
        reach = mirror * (self.pelvis.T @ (foot.ankle_m - self.root_m)) - hip_m
        outward = foot.knee_out_deg if side == "left" else -foot.knee_out_deg
        ahead = mirror * (self.pelvis.T @ turn(2, foot.heading_deg + outward) @ unit(0, -1, foot.knee_up))
        angles, shin = leg_angles(chain, reach, ahead)
        flip = np.diag(mirror)
        sole = turn(2, foot.heading_deg) @ turn(0, foot.pitch_deg)
        self.side(side, **angles, **sole_angles(shin, flip @ self.pelvis.T @ sole @ flip))

    def _solve_arm(self, side: str, hand: Hand) -> None:
        mirror, letter, zero = _side_mirror(side), side[0].upper(), self.joints.zero
        bones = (f"upperarm01.{letter}", f"lowerarm01.{letter}", f"wrist.{letter}")
        chain = Chain(
            zero["upperarm"] @ (mirror * self.skeleton.offset_m(bones[0], bones[1])),
            zero["lowerarm"] @ (mirror * self.skeleton.offset_m(bones[1], bones[2])),
        )
        thorax, forearm = np.eye(3), np.eye(3)
        for _ in range(2):
            self.follow_with_clavicle(side)
            posed = self.bones()
            thorax = posed.rotations[self.skeleton.index("spine01")]
            reach = mirror * (thorax.T @ (hand.wrist_m - self.head_of(bones[0], posed)))
            angles, forearm = arm_angles(chain, reach, mirror * (thorax.T @ hand.elbow))
            self.side(side, **angles)
        if hand.palm is not None:
            fingers = None if hand.fingers is None else mirror * (thorax.T @ hand.fingers)
            self.side(side, **hand_angles(forearm, mirror * (thorax.T @ hand.palm), fingers))

    def follow_with_clavicle(self, side: str) -> None:
        """The collar bone follows the arm: up when it is raised high, forward when it reaches ahead or across."""
        elevation, plane = self.get(f"{side}_shoulder_elevation"), self.get(f"{side}_shoulder_plane")
        lift = float(np.sin(np.radians(min(elevation, 150.0))))
        forward = float(np.clip((plane - 30.0) / 80.0, -0.7, 1.0))
        raised = float(np.interp(elevation, (0.0, 40.0, 100.0, 180.0), (-3.0, 0.0, 11.0, 27.0)))
        self.side(side, clavicle_elevation=raised, clavicle_protraction=14.0 * forward * max(lift, 0.15))
