"""Building blocks of the families: feet on the ground, weight over them, arms that hang, swing or rest on the body."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float

from posedreamer.priors.anatomy import SIDES
from posedreamer.priors.draft import Draft
from posedreamer.priors.limbs import Foot, Hand, unit
from posedreamer.priors.turns import turn

__all__ = [
    "at_trunk",
    "clear_deg",
    "gaze",
    "hang_arms",
    "other",
    "out_sign",
    "plant",
    "reach_to",
    "rest_hand_on_thigh",
    "sink",
    "stand",
    "swing_arm",
]

Vector = Float[np.ndarray, "3"]

_TOE_FLESH_M: Final = 0.016
_HEEL_BACK_M: Final = 0.045
_TRUNK_BONES: Final = {"chest": "spine01", "abdomen": "spine03", "pelvis": "root", "head": "head"}


def other(side: str) -> str:
    """The other side."""
    return "right" if side == "left" else "left"


def out_sign(side: str) -> float:
    """+1 for left, -1 for right: outward along x."""
    return 1.0 if side == "left" else -1.0


def plant(
    draft: Draft,
    side: str,
    ball_xy_m: tuple[float, float],
    *,
    toe_out: float = 8.0,
    heel_up: float = 0.0,
    knee_out: float = 0.0,
    height: float = 0.0,
) -> None:
    """Plant a foot with its ball at a place on the ground (or ``height`` above it).

    ``heel_up`` > 0 stands on the ball with the toes bent, < 0 on the heel with the toes raised; degrees.
    """
    skeleton = draft.skeleton
    ankle_from_ball = -skeleton.offset_m("foot.L", "toe2-1.L") * np.array([0.0, 1.0, 1.0])
    toe_tip = skeleton.offset_m("foot.L", "toe2-3.L")
    ball_height = float(-toe_tip[2] - ankle_from_ball[2]) + _TOE_FLESH_M
    heading_deg = out_sign(side) * toe_out
    heading = turn(2, heading_deg)
    ball = np.array([ball_xy_m[0], ball_xy_m[1], ball_height + height])
    if heel_up >= 0.0:
        ankle = ball + heading @ turn(0, heel_up) @ ankle_from_ball
        draft.side(side, toe_extension=min(heel_up, 60.0))
    else:
        heel_from_ankle = np.array([0.0, _HEEL_BACK_M, -(ankle_from_ball[2] + ball_height)])
        heel = ball + heading @ (ankle_from_ball + heel_from_ankle)
        ankle = heel - heading @ turn(0, heel_up) @ heel_from_ankle
        draft.side(side, toe_extension=10.0)
    draft.feet[side] = Foot(ankle, heading_deg, heel_up, knee_out)


def _middle_of_foot(draft: Draft, side: str) -> Float[np.ndarray, "2"]:
    foot = draft.feet[side]
    length = float(np.linalg.norm(draft.skeleton.offset_m("foot.L", "toe2-1.L")[:2]))
    forward = 0.35 if foot.pitch_deg <= 5.0 else 0.9
    return (foot.ankle_m + turn(2, foot.heading_deg) @ np.array([0.0, -forward * length, 0.0]))[:2]


def sink(draft: Draft, stretch: float) -> None:
    """Set the pelvis' height so that the most stretched planted leg has ``stretch`` of its full length."""
    heights: list[float] = []
    for side, foot in draft.feet.items():
        hip = draft.pelvis @ draft.skeleton.offset_m("root", f"upperleg01.{side[0].upper()}")
        aside = np.linalg.norm((foot.ankle_m - draft.root_m - hip)[:2])
        up = np.sqrt(max((stretch * draft.leg_m) ** 2 - aside**2, 0.02))
        heights.append(float(foot.ankle_m[2] + up - hip[2]))
    draft.root_m[2] = min(heights)


def stand(draft: Draft, *, left_share: float = 0.5, stretch: float = 0.99, share: float = 1.0) -> None:
    """Bring the pelvis over the planted feet: centre of mass above the support, legs as straight as ``stretch``.

    ``left_share`` of the weight is on the left foot; ``share`` < 1 leaves some of the imbalance (moving people).
    """
    middles = {side: _middle_of_foot(draft, side) for side in draft.feet}
    if len(middles) == 2:
        support = left_share * middles["left"] + (1.0 - left_share) * middles["right"]
    else:
        support = next(iter(middles.values()))
    draft.root_m[:2] = support
    for _ in range(3):
        sink(draft, stretch)
        draft.solve_legs()
        draft.root_m[:2] += share * (support - draft.mass_centre_m()[:2])
    sink(draft, stretch)
    draft.solve()


def swing_arm(
    draft: Draft, side: str, flexion: float, abduction: float, *, rotation: float = 10.0, elbow: float = 20.0
) -> None:
    """Pose an arm by how far it swings forward and out, degrees; the clavicle follows."""
    forward, out = np.radians(flexion), np.radians(abduction)
    direction = np.array([np.sin(out), -np.sin(forward) * np.cos(out), -np.cos(forward) * np.cos(out)])
    elevation = float(np.degrees(np.arccos(np.clip(-direction[2], -1.0, 1.0))))
    plane = float(np.degrees(np.arctan2(-direction[1], direction[0])))
    if plane < -160.0:
        plane += 360.0
    draft.side(side, shoulder_plane=plane, shoulder_elevation=elevation, shoulder_rotation=rotation)
    draft.side(side, elbow_flexion=elbow)
    draft.follow_with_clavicle(side)


def clear_deg(draft: Draft) -> float:
    """Abduction at which a hanging arm's hand just clears this person's hip."""
    half_width_m, _, _ = draft.bulk.girth_m("pelvis")
    thigh_m = float(draft.skeleton.offset_m("root", "upperleg01.L")[0]) + draft.bulk.radius_of("left_thigh")
    shoulder_m = float(draft.skeleton.heads_rest_m[draft.skeleton.index("upperarm01.L"), 0])
    beyond = max(half_width_m, thigh_m) + 0.03 - shoulder_m
    return float(np.degrees(np.arcsin(np.clip(beyond / (0.95 * draft.arm_m), -0.1, 0.5))))


def gaze(draft: Draft, flexion: float = 0.0, twist: float = 0.0, lateral: float = 0.0) -> None:
    """Turn the head like ``look``, but with ``flexion`` against the horizon: people level their eyes."""
    posed = draft.bones()
    front = posed.rotations[draft.skeleton.index("spine01")] @ np.array([0.0, -1.0, 0.0])
    down_deg = float(np.degrees(np.arcsin(np.clip(-front[2], -1.0, 1.0))))
    draft.look(flexion - 0.85 * down_deg, twist, lateral)


def hang_arms(draft: Draft, sides: tuple[str, ...] = SIDES) -> None:
    """Arms hanging relaxed, each a little different."""
    clear = clear_deg(draft)
    for side in sides:
        swing_arm(
            draft,
            side,
            draft.normal(2, 6),
            clear + abs(draft.normal(3, 2.5)),
            rotation=draft.normal(12, 8),
            elbow=draft.normal(18, 7),
        )
        draft.side(side, forearm_pronation=draft.normal(18, 12), wrist_flexion=draft.normal(4, 7))
        draft.side(side, wrist_deviation=draft.normal(3, 4))


def at_trunk(draft: Draft, part: str, *, x: float, out: float, up: float = 0.0, behind: bool = False) -> Vector:
    """A world point before (or behind) a part of the trunk: ``out`` metres from the skin, x toward the left.

    ``x`` is a share of the part's half width, ``up`` metres from its middle.
    """
    bulk, bone = draft.bulk, draft.skeleton.index(_TRUNK_BONES[part])
    half_width_m, half_depth_m, middle_m = bulk.girth_m(part)
    sign = 1.0 if behind else -1.0
    local = middle_m + np.array([x * half_width_m, sign * (half_depth_m + out), up])
    posed = draft.bones()
    return posed.heads_m[bone] + posed.rotations[bone] @ local


def reach_to(
    draft: Draft,
    side: str,
    wrist_m: Vector,
    *,
    elbow: tuple[float, float, float] = (0.6, 0.3, -1.0),
    palm: tuple[float, float, float] | None = None,
    fingers: tuple[float, float, float] | None = None,
) -> None:
    """Ask for a hand at a world point; directions are given for the left hand and mirrored for the right."""
    sign = np.array([out_sign(side), 1.0, 1.0])

    def mirrored(direction: tuple[float, float, float] | None) -> Vector | None:
        return None if direction is None else sign * unit(*direction)

    draft.hands[side] = Hand(wrist_m, sign * unit(*elbow), mirrored(palm), mirrored(fingers))


def rest_hand_on_thigh(draft: Draft, side: str, along: float, inward: float = 0.0) -> None:
    """Lay a hand on the thigh of its own side, ``along`` of the way from hip to knee; solve the legs first."""
    posed, letter = draft.bones(), side[0].upper()
    hip, knee = draft.head_of(f"upperleg01.{letter}", posed), draft.head_of(f"lowerleg01.{letter}", posed)
    thigh = (knee - hip) / np.linalg.norm(knee - hip)
    up = np.array([0.0, 0.0, 1.0]) - thigh * thigh[2]
    up = up / max(float(np.linalg.norm(up)), 1e-6)
    hand = draft.length_m("wrist", "finger3-1")
    radius = draft.bulk.radius_of(f"{side}_thigh")
    point = hip + along * (knee - hip) - thigh * hand * 0.7 + up * (radius + 0.045)
    point = point - np.array([out_sign(side) * inward, 0.0, 0.0])
    sign = out_sign(side)
    elbow = np.array([sign * 0.8, 0.7, -0.4])
    fingers = thigh * 1.0 + np.array([-0.25 * sign, 0.0, 0.0])
    draft.hands[side] = Hand(point, elbow / np.linalg.norm(elbow), -up, fingers / np.linalg.norm(fingers))
