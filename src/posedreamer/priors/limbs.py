"""Two-bone inverse kinematics: the anatomical angles of a leg or an arm that bring foot or hand to a target.

All vectors handed in are in the parent's frame (pelvis or thorax) and already mirrored, so that only the left side is
solved; the caller mirrors targets of the right side in x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from posedreamer.priors.joints import upper_arm_angles
from posedreamer.priors.turns import turn

__all__ = ["Chain", "Foot", "Hand", "arm_angles", "frame", "hand_angles", "leg_angles", "sole_angles", "unit"]

Vector = Float[np.ndarray, "3"]
Matrix = Float[np.ndarray, "3 3"]


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
        pitch_deg: heel above the toes (turn of the sole about its own left-right axis).
        knee_out_deg: how far the knee points outward of the toes, either side.
        knee_up: how much the knee points up as well as ahead; needed where the foot lies ahead of the hip.
    """

    ankle_m: Vector
    heading_deg: float = 0.0
    pitch_deg: float = 0.0
    knee_out_deg: float = 0.0
    knee_up: float = 0.0


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


@dataclass(frozen=True, slots=True)
class Chain:
    """Upper and lower bone of a limb as vectors in the anatomical stance (metres, both nearly straight down)."""

    upper_m: Vector
    lower_m: Vector


def frame(long: Vector, side: Vector) -> Matrix:
    """A right-handed frame with z along ``long`` and x toward ``side`` (any x where the two are parallel)."""
    z = long / max(float(np.linalg.norm(long)), 1e-9)
    x = side - z * (side @ z)
    if np.linalg.norm(x) < 1e-6:
        least = np.eye(3)[int(np.argmin(np.abs(z)))]
        x = least - z * (least @ z)
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def _hinge_deg(first: Vector, second: Vector, distance: float) -> float:
    """The angle k >= 0 about x at which ``first + Rx(k) second`` has the given length, as near as it can."""
    b = first[1] * second[1] + first[2] * second[2]
    c = first[2] * second[1] - first[1] * second[2]
    wanted = (distance**2 - first @ first - second @ second) / 2.0 - first[0] * second[0]
    return float(np.degrees(np.arctan2(c, b) + np.arccos(np.clip(wanted / np.hypot(b, c), -1.0, 1.0))))


def leg_angles(chain: Chain, reach_m: Vector, ahead: Vector) -> tuple[dict[str, float], Matrix]:
    """Hip and knee angles that bring the ankle to ``reach_m`` from the hip with the knee toward ``ahead``.

    Also gives the shin's orientation in the pelvis, before the shin's own turn.
    """
    knee_deg = float(np.clip(_hinge_deg(chain.upper_m, chain.lower_m, float(np.linalg.norm(reach_m))), 2.0, 155.0))
    knee = turn(0, knee_deg)
    hip = frame(reach_m, ahead) @ frame(chain.upper_m + knee @ chain.lower_m, unit(0, -1, 0)).T
    angles = {
        "hip_flexion": float(np.degrees(np.arctan2(hip[1, 2], hip[2, 2]))),
        "hip_abduction": -float(np.degrees(np.arcsin(np.clip(hip[0, 2], -1.0, 1.0)))),
        "hip_rotation": float(np.degrees(np.arctan2(hip[0, 1], hip[0, 0]))),
        "knee_flexion": knee_deg,
    }
    return angles, hip @ knee


def sole_angles(shin: Matrix, sole: Matrix) -> dict[str, float]:
    """Shin turn and ankle angles that lay the sole as asked; the sole's plane comes before its heading."""
    wanted = shin.T @ sole
    shin_deg = float(np.clip(np.degrees(np.arctan2(wanted[0, 1], wanted[1, 1])), -12.0, 12.0))
    normal = (turn(2, shin_deg) @ wanted)[:, 2]
    return {
        "shin_rotation": shin_deg,
        "ankle_flexion": float(np.degrees(np.arctan2(normal[1], normal[2]))),
        "ankle_inversion": float(np.degrees(np.arcsin(np.clip(normal[0], -1.0, 1.0)))),
    }


def arm_angles(chain: Chain, reach_m: Vector, pole: Vector) -> tuple[dict[str, float], Matrix]:
    """Shoulder and elbow angles that bring the wrist to ``reach_m`` from the shoulder, the elbow toward ``pole``.

    Also gives the forearm's orientation in the thorax, before pronation.
    """
    back = np.array([1.0, -1.0, 1.0])
    distance = float(np.linalg.norm(reach_m))
    elbow_deg = float(np.clip(_hinge_deg(chain.upper_m * back, chain.lower_m * back, distance), 3.0, 148.0))
    elbow = turn(0, -elbow_deg)
    humerus = frame(reach_m, pole) @ frame(chain.upper_m + elbow @ chain.lower_m, unit(0, 1, 0)).T
    plane, elevation, rotation = upper_arm_angles(humerus)
    angles = {
        "shoulder_plane": plane,
        "shoulder_elevation": elevation,
        "shoulder_rotation": rotation,
        "elbow_flexion": elbow_deg,
    }
    return angles, humerus @ elbow


def hand_angles(forearm: Matrix, palm: Vector, fingers: Vector | None) -> dict[str, float]:
    """Pronation that turns the palm as asked and, where ``fingers`` is given, the wrist angles for its direction."""
    facing = forearm.T @ palm
    if fingers is None:
        return {"forearm_pronation": float(np.degrees(np.arctan2(facing[1], -facing[0])))}
    along = forearm.T @ fingers
    wanted = frame(-along, -facing)
    return {
        "forearm_pronation": -float(np.degrees(np.arctan2(wanted[1, 0], wanted[0, 0]))),
        "wrist_flexion": float(np.degrees(np.arcsin(np.clip(-wanted[2, 0], -1.0, 1.0)))),
        "wrist_deviation": float(np.degrees(np.arctan2(wanted[2, 1], wanted[2, 2]))),
    }
