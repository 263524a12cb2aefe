"""A pose being made: anatomical angles, where the pelvis is, where hands and feet must be, and limbs solved to them.

World axes: z up, ground at z = 0, the person's own front is -y and left +x until the final turn to a random heading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from jaxtyping import Float

from posedreamer.priors.anatomy import ANGLE_NAMES, HIGH_DEG, LOW_DEG, SIDES, clamp_angles, index_of
from posedreamer.priors.joints import JointMap, turn, upper_arm_angles
from posedreamer.priors.skeleton import PosedBones, Skeleton

__all__ = ["Draft", "Foot", "Hand", "unit"]

Vector = Float[np.ndarray, "3"]
Matrix = Float[np.ndarray, "3 3"]
Side = Literal["left", "right"]

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


def unit(x: float, y: float, z: float) -> Vector:
    """The direction of (x, y, z)."""
    vector = np.array([x, y, z], dtype=np.float64)
    return vector / np.linalg.norm(vector)


@dataclass(frozen=True, slots=True)
class Foot:
    """Where a foot is planted.

    Attributes:
        ankle_m: of the ankle joint, world.
        heading_deg: toes' turn from straight ahead (-y), positive to the person's left.
        pitch_deg: heel above toes positive (rotation of the sole about its own left-right axis).
        knee_out_deg: how far the knee points outward of the toes (outward positive, either side).
        roll_deg: little toe's edge down positive.
    """

    ankle_m: Vector
    heading_deg: float = 0.0
    pitch_deg: float = 0.0
    knee_out_deg: float = 0.0
    roll_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Hand:
    """Where a hand should be.

    Attributes:
        wrist_m: of the wrist joint, world; an arm too short stretches toward it.
        elbow: direction (world) that the elbow points to, seen from the line shoulder-wrist.
        palm: direction (world) the palm faces, if it matters.
        fingers: direction (world) the straight hand points, if it matters.
    """

    wrist_m: Vector
    elbow: Vector
    palm: Vector | None = None
    fingers: Vector | None = None


def _frame(long: Vector, side: Vector) -> Matrix:
    z = long / max(float(np.linalg.norm(long)), 1e-9)
    x = side - z * (side @ z)
    if np.linalg.norm(x) < 1e-6:
        x = np.eye(3)[int(np.argmin(np.abs(z)))] - z * z[int(np.argmin(np.abs(z)))]
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def _hinge_deg(first: Vector, second: Vector, distance: float) -> float:
    """The angle k >= 0 about x at which ``first + Rx(k) second`` has the given length, as near as it can."""
    constant = first[0] * second[0]
    b = first[1] * second[1] + first[2] * second[2]
    c = first[2] * second[1] - first[1] * second[2]
    wanted = (distance**2 - first @ first - second @ second) / 2.0 - constant
    return float(np.degrees(np.arctan2(c, b) + np.arccos(np.clip(wanted / np.hypot(b, c), -1.0, 1.0))))


@dataclass(slots=True)
class Draft:
    """One pose in the making; families change it, the prior turns it into body parameters.

    Attributes:
        skeleton: of this person's shape.
        joints: angles to rotations of this body model.
        rng: all randomness.
        angles: anatomical angles in degrees.
        pelvis: world rotation of the root.
        root_m: world position of the root's head.
        feet, hands: targets that ``solve`` brings the limbs to.
        action: words for a caption.
        fingers: hand shape of each side, see ``hands``.
        lift_m: height of the lowest point above the ground.
        settles: True if the body lies or sits as it falls, so that it may still tip over on the ground.
    """

    skeleton: Skeleton
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
    settles: bool = False

    # Random numbers

    def normal(self, mean: float, deviation: float, reach: float = 2.2) -> float:
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

    def both(self, **angles_deg: float) -> None:
        """Set angles of left and right by the name without its side."""
        for name, value in angles_deg.items():
            for side in SIDES:
                self.angles[index_of(f"{side}_{name}")] = value

    def get(self, name: str) -> float:
        """One angle by full name."""
        return float(self.angles[index_of(name)])

    def bend_trunk(self, flexion: float = 0.0, lateral: float = 0.0, twist: float = 0.0) -> None:
        """Spread a bend of the whole trunk over lumbar spine and thorax as people do, on top of what is there."""
        for name, total, share in (("flexion", flexion, 0.65), ("lateral", lateral, 0.5), ("twist", twist, 0.3)):
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
        """Small independent noise on every angle, less where the range is small."""
        width = np.minimum((HIGH_DEG - LOW_DEG) / 90.0, 1.0)
        self.angles = self.angles + self.rng.standard_normal(len(ANGLE_NAMES)) * width * deviation_deg

    # Kinematics

    def bones(self) -> PosedBones:
        """Where all bones are now."""
        local = self.joints.rotations(self.angles)
        local[0] = self.pelvis
        return self.skeleton.posed(local, self.root_m)

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

    def ankle_height_m(self) -> float:
        """Height of the ankle joint over a flat sole, nearly."""
        return float(self.skeleton.heads_rest_m[self.skeleton.index("foot.L"), 2] - self.rest_floor_m())

    def rest_floor_m(self) -> float:
        """Height of the ground under the rest pose, from the toes' joints (their flesh is about 1.5 cm thick)."""
        return float(self.skeleton.heads_rest_m[self.skeleton.index("toe2-3.L"), 2]) - 0.016

    def leg_length_m(self) -> float:
        """Hip to ankle with a straight knee."""
        thigh = self.skeleton.offset_m("upperleg01.L", "lowerleg01.L")
        shin = self.skeleton.offset_m("lowerleg01.L", "foot.L")
        return float(np.linalg.norm(thigh) + np.linalg.norm(shin))

    def arm_length_m(self) -> float:
        """Shoulder to wrist with a straight elbow."""
        upper = self.skeleton.offset_m("upperarm01.L", "lowerarm01.L")
        fore = self.skeleton.offset_m("lowerarm01.L", "wrist.L")
        return float(np.linalg.norm(upper) + np.linalg.norm(fore))

    def hip_offset_m(self, side: Side) -> Vector:
        """From the root to the hip joint, in the pelvis."""
        return self.skeleton.offset_m("root", f"upperleg01.{side[0].upper()}")

    # Limbs to targets

    def solve(self) -> None:
        """Bend every leg and arm that has a target to it; the rest keeps its angles."""
        for side in SIDES:
            if side in self.feet:
                self._solve_leg(side, self.feet[side])
        for side in SIDES:
            if side in self.hands:
                self._solve_arm(side, self.hands[side])

    def balance(self, support_xy_m: Float[np.ndarray, "2"], share: float = 1.0) -> None:
        """Shift the pelvis over planted feet until the centre of mass is above ``support_xy_m``."""
        for _ in range(2):
            self.solve()
            self.root_m[:2] += share * (support_xy_m - self.mass_centre_m()[:2])
        self.solve()

    def _solve_leg(self, side: Side, foot: Foot) -> None:
        letter, mirror = side[0].upper(), np.ones(3) if side == "left" else _MIRROR
        pelvis = self.pelvis
        reach = mirror * (pelvis.T @ (foot.ankle_m - self.root_m)) - mirror * self.hip_offset_m(side)
        thigh = self.joints.zero["thigh"] @ (mirror * self.skeleton.offset_m(f"upperleg01.{letter}", f"lowerleg01.{letter}"))
        shin = self.joints.zero["shin"] @ (mirror * self.skeleton.offset_m(f"lowerleg01.{letter}", f"foot.{letter}"))
        knee_deg = float(np.clip(_hinge_deg(thigh, shin, float(np.linalg.norm(reach))), 2.0, 155.0))
        knee = turn(0, knee_deg)
        outward = foot.knee_out_deg if side == "left" else -foot.knee_out_deg
        ahead = mirror * (pelvis.T @ turn(2, foot.heading_deg + outward) @ unit(0, -1, 0))
        hip = _frame(reach, ahead) @ _frame(thigh + knee @ shin, np.array([0.0, -1.0, 0.0])).T
        abduction = float(np.degrees(np.arcsin(np.clip(hip[0, 2], -1.0, 1.0))))
        flexion = float(np.degrees(np.arctan2(-hip[1, 2], hip[2, 2])))
        rotation = float(np.degrees(np.arctan2(-hip[0, 1], hip[0, 0])))
        self.set(**{f"{side}_hip_flexion": -flexion, f"{side}_hip_abduction": -abduction})
        self.set(**{f"{side}_hip_rotation": -rotation, f"{side}_knee_flexion": knee_deg})
        self._level_foot(side, foot, hip @ knee)

    def _level_foot(self, side: Side, foot: Foot, shin: Matrix) -> None:
        """Turn shin and ankle so that the sole lies as the foot asks; the sole's plane comes before its heading."""
        mirror = np.diag(np.ones(3) if side == "left" else _MIRROR)
        roll = foot.roll_deg if side == "left" else -foot.roll_deg
        sole = turn(2, foot.heading_deg) @ turn(0, foot.pitch_deg) @ turn(1, roll)
        wanted = shin.T @ mirror @ self.pelvis.T @ sole @ mirror
        shin_deg = float(np.clip(np.degrees(np.arctan2(wanted[0, 1], wanted[1, 1])), -12.0, 12.0))
        normal = (turn(2, shin_deg) @ wanted)[:, 2]
        inversion = float(np.degrees(np.arcsin(np.clip(normal[0], -1.0, 1.0))))
        flexion = float(np.degrees(np.arctan2(normal[1], normal[2])))
        self.set(**{f"{side}_shin_rotation": shin_deg, f"{side}_ankle_flexion": flexion})
        self.set(**{f"{side}_ankle_inversion": inversion})

    def _solve_arm(self, side: Side, hand: Hand) -> None:
        letter, mirror = side[0].upper(), np.ones(3) if side == "left" else _MIRROR
        zero, skeleton = self.joints.zero, self.skeleton
        upper = zero["upperarm"] @ (mirror * skeleton.offset_m(f"upperarm01.{letter}", f"lowerarm01.{letter}"))
        fore = zero["lowerarm"] @ (mirror * skeleton.offset_m(f"lowerarm01.{letter}", f"wrist.{letter}"))
        fore = fore * np.array([1.0, -1.0, 1.0])
        flipped = upper * np.array([1.0, -1.0, 1.0])
        for _ in range(3):
            posed = self.bones()
            thorax = posed.rotations[skeleton.index("spine01")]
            reach = mirror * (thorax.T @ (hand.wrist_m - self.head_of(f"upperarm01.{letter}", posed)))
            elbow_deg = float(np.clip(_hinge_deg(flipped, fore, float(np.linalg.norm(reach))), 3.0, 148.0))
            elbow = turn(0, -elbow_deg)
            straight = upper + elbow @ (fore * np.array([1.0, -1.0, 1.0]))
            pole = mirror * (thorax.T @ hand.elbow)
            humerus = _frame(reach, pole) @ _frame(straight, np.array([0.0, 1.0, 0.0])).T
            plane, elevation, rotation = upper_arm_angles(humerus)
            names = ("shoulder_plane", "shoulder_elevation", "shoulder_rotation", "elbow_flexion")
            values = (plane, elevation, rotation, elbow_deg)
            self.set(**{f"{side}_{name}": value for name, value in zip(names, values, strict=True)})
            self.follow_with_clavicle(side)
        self._turn_hand(side, hand, mirror, thorax @ np.eye(3), humerus @ elbow)

    def _turn_hand(self, side: Side, hand: Hand, mirror: Vector, thorax: Matrix, forearm: Matrix) -> None:
        if hand.palm is None:
            return
        palm = forearm.T @ (mirror * (thorax.T @ hand.palm))
        if hand.fingers is None:
            pronation = float(np.degrees(np.arctan2(palm[1], -palm[0])))
            self.set(**{f"{side}_forearm_pronation": pronation})
            return
        fingers = forearm.T @ (mirror * (thorax.T @ hand.fingers))
        x = -(palm - fingers * (palm @ fingers))
        x = x / max(float(np.linalg.norm(x)), 1e-9)
        wanted = np.stack([x, np.cross(-fingers, x), -fingers], axis=1)
        pronation = -float(np.degrees(np.arctan2(wanted[1, 0], wanted[0, 0])))
        flexion = float(np.degrees(np.arcsin(np.clip(-wanted[2, 0], -1.0, 1.0))))
        deviation = float(np.degrees(np.arctan2(wanted[2, 1], wanted[2, 2])))
        self.set(**{f"{side}_forearm_pronation": pronation, f"{side}_wrist_flexion": flexion})
        self.set(**{f"{side}_wrist_deviation": deviation})

    def follow_with_clavicle(self, side: Side) -> None:
        """The collar bone follows the arm: up when it is raised high, forward when it reaches ahead or across."""
        elevation, plane = self.get(f"{side}_shoulder_elevation"), self.get(f"{side}_shoulder_plane")
        lift = np.sin(np.radians(min(elevation, 150.0)))
        forward = np.clip((plane - 30.0) / 80.0, -0.7, 1.0)
        self.set(
            **{
                f"{side}_clavicle_elevation": float(np.interp(elevation, (0, 40, 100, 180), (-3, 0, 11, 27))),
                f"{side}_clavicle_protraction": float(14.0 * forward * max(lift, 0.15)),
            }
        )
