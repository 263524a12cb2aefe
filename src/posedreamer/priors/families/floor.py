"""On the floor: kneeling, sitting, lying, crawling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from posedreamer.priors.anatomy import SIDES
from posedreamer.priors.draft import Draft
from posedreamer.priors.families.upright import glance, hand_on_hip
from posedreamer.priors.joints import natural_rotation_deg
from posedreamer.priors.limbs import Foot
from posedreamer.priors.stance import hang_arms, other, out_sign, plant, reach_to, rest_hand_on_thigh, swing_arm
from posedreamer.priors.turns import turn

__all__ = ["crawling", "floor_sitting", "hands_on_floor", "knee_height_m", "kneeling", "lying"]

_PALM_M = 0.045


def knee_height_m(draft: Draft) -> float:
    """Height of the knee joint of a kneeling person."""
    return 0.9 * draft.bulk.radius_of("left_thigh")


def hands_on_floor(draft: Draft, ahead: float, wide: float) -> None:
    """Palms flat on the ground, ``ahead`` metres before the shoulders and ``wide`` metres outside of them."""
    posed = draft.bones()
    for side in SIDES:
        sign = out_sign(side)
        shoulder = draft.head_of(f"upperarm01.{side[0].upper()}", posed)
        wrist = np.array([shoulder[0] + sign * wide, shoulder[1] - ahead, _PALM_M + 0.015])
        reach_to(draft, side, wrist, elbow=(0.55, 1.0, 0.1), palm=(0, 0, -1), fingers=(0.05, -1.0, -0.1))
        draft.fingers[side] = "support"
    draft.solve()


def kneeling(draft: Draft) -> None:
    """On one knee, upright on both knees, or sitting on the heels."""
    kind = draft.rng.choice(3, p=(0.45, 0.2, 0.35))
    if kind == 0:
        _half_kneel(draft)
        return
    sits = kind == 2
    knee = draft.normal(147, 3) if sits else draft.normal(102, 3)
    tilt = draft.normal(4, 4)
    hip = knee - 90.0 + tilt
    for side in SIDES:
        draft.side(side, hip_flexion=hip, knee_flexion=knee, hip_abduction=draft.normal(7, 4), hip_rotation=-3.0)
        draft.side(side, ankle_flexion=draft.normal(-48, 4))
    draft.turn_pelvis(forward=tilt)
    draft.bend_trunk(draft.normal(3, 6), draft.normal(0, 3), draft.normal(0, 5))
    glance(draft)
    hang_arms(draft)
    _kneeling_arms(draft, sits)
    draft.settle_deg = 22.0
    draft.action = "sitting on the heels" if sits else "kneeling"
    draft.solve()


def _kneeling_arms(draft: Draft, sits: bool) -> None:
    kind = draft.rng.choice(3)
    for side in SIDES:
        if sits and kind < 2:
            rest_hand_on_thigh(draft, side, draft.uniform(0.5, 0.8), inward=0.02)
            draft.fingers[side] = "flat"
        elif kind == 0:
            hand_on_hip(draft, side)
        elif kind == 1:
            swing_arm(draft, side, draft.normal(55, 15), draft.normal(12, 6), rotation=35, elbow=draft.normal(60, 15))


def _half_kneel(draft: Draft) -> None:
    up = SIDES[int(draft.chance(0.5))]
    down = other(up)
    draft.turn_pelvis(forward=draft.normal(4, 4))
    thigh_m = draft.length_m("upperleg01", "lowerleg01")
    back = np.radians(draft.normal(0, 6))
    hip_z = float(draft.skeleton.offset_m("root", "upperleg01.L")[2])
    draft.root_m = np.array([0.0, 0.0, thigh_m * np.cos(back) + knee_height_m(draft) - hip_z])
    tilt = float(np.degrees(back))
    draft.side(down, hip_flexion=4.0 - tilt, knee_flexion=90.0 - tilt, ankle_flexion=-48.0, hip_abduction=3.0)
    if draft.chance(0.5):
        draft.side(down, ankle_flexion=28.0, toe_extension=55.0, knee_flexion=102.0 - tilt)
    plant(draft, up, (out_sign(up) * draft.normal(0.11, 0.02), -thigh_m - draft.normal(0.16, 0.04)), toe_out=5.0)
    draft.solve_legs()
    draft.bend_trunk(draft.normal(8, 8), draft.normal(0, 3), draft.normal(0, 6))
    glance(draft)
    hang_arms(draft)
    if draft.chance(0.65):
        rest_hand_on_thigh(draft, up, draft.uniform(0.75, 0.92))
        if draft.chance(0.4):
            knee = draft.head_of(f"lowerleg01.{up[0].upper()}")
            inner = knee + np.array([-out_sign(up) * 0.1, 0.02, 0.1])
            reach_to(draft, down, inner, elbow=(1.0, 0.3, -0.3), palm=(0, 0.2, -1.0), fingers=(-0.8, -0.6, 0.0))
    elif draft.chance(0.5):
        swing_arm(draft, down, draft.normal(40, 12), 8.0, rotation=25, elbow=draft.normal(30, 10))
    draft.action = "kneeling on one knee"
    draft.solve()


def floor_sitting(draft: Draft) -> None:
    """On the ground: cross-legged, legs stretched with the hands behind, knees drawn up, side-saddle."""
    kind = draft.rng.choice(3, p=(0.4, 0.3, 0.3))
    draft.settle_deg = 22.0
    draft.root_m = np.array([0.0, 0.0, 0.09])
    glance(draft)
    if kind == 0:
        _cross_legged(draft)
    elif kind == 1:
        _long_sit(draft)
    else:
        _knees_up(draft)
    draft.solve()


def _cross_legged(draft: Draft) -> None:
    draft.settle_deg = 12.0
    draft.turn_pelvis(forward=draft.normal(-4, 4))
    draft.bend_trunk(draft.normal(15, 5), draft.normal(0, 3), draft.normal(0, 5))
    front = SIDES[int(draft.chance(0.5))]
    draft.root_m = np.array([0.0, 0.0, 0.10])
    near = 0.62 * draft.length_m("upperleg01", "lowerleg01")
    for side in SIDES:
        ahead, height = (near + 0.09, 0.085) if side == front else (near, 0.105)
        ankle = np.array([-out_sign(side) * draft.normal(0.07, 0.01), -ahead, height])
        draft.feet = {side: Foot(ankle, out_sign(side) * draft.normal(62, 4))}
        draft.solve_legs()
        draft.side(side, shin_rotation=0.0, ankle_flexion=-22.0, ankle_inversion=14.0)
    draft.feet = {}
    for side in SIDES:
        rest_hand_on_thigh(draft, side, draft.uniform(0.7, 0.9))
        draft.fingers[side] = "relaxed"
    draft.action = "sitting cross-legged on the floor"


def _long_sit(draft: Draft) -> None:
    lean = draft.normal(-24, 6)
    draft.turn_pelvis(forward=lean)
    draft.bend_trunk(draft.normal(6, 5), draft.normal(0, 3), draft.normal(0, 5))
    draft.look(draft.normal(14, 7), draft.normal(0, 15))
    bent = SIDES[int(draft.chance(0.5))] if draft.chance(0.5) else ""
    for side in SIDES:
        draft.side(
            side, hip_flexion=88.0 + lean, knee_flexion=4.0, hip_abduction=draft.normal(7, 4), ankle_flexion=-14.0
        )
        draft.side(side, hip_rotation=-10.0)
        if side == bent:
            draft.side(side, hip_flexion=88.0 + lean + 46.0, knee_flexion=95.0, ankle_flexion=-4.0)
    draft.root_m[2] = 0.10
    for side in SIDES:
        shoulder = draft.head_of(f"upperarm01.{side[0].upper()}")
        sign = out_sign(side)
        wrist = np.array([shoulder[0] + sign * 0.09, shoulder[1] + 0.14, _PALM_M])
        reach_to(draft, side, wrist, elbow=(0.4, 1.0, 0.0), palm=(0, 0, -1), fingers=(0.8, 0.6, 0))
        draft.fingers[side] = "support"
    draft.action = "sitting on the floor with legs stretched out"


def _knees_up(draft: Draft) -> None:
    draft.settle_deg = 9.0
    lean = draft.normal(-24, 3)
    draft.turn_pelvis(forward=lean)
    draft.bend_trunk(draft.normal(30, 5), draft.normal(0, 3), draft.normal(0, 4))
    draft.root_m = np.array([0.0, 0.0, 0.10])
    away = draft.leg_m * draft.normal(0.62, 0.04)
    for side in SIDES:
        plant(draft, side, (out_sign(side) * draft.normal(0.11, 0.02), -away - 0.12), toe_out=6.0)
        draft.feet[side] = replace(draft.feet[side], knee_up=3.0)
    draft.solve_legs()
    posed = draft.bones()
    for side in SIDES:
        sign = out_sign(side)
        knee = draft.head_of(f"lowerleg01.{side[0].upper()}", posed)
        ankle = draft.head_of(f"foot.{side[0].upper()}", posed)
        shin = knee + 0.5 * (ankle - knee) + np.array([0.06 * sign, -0.13, 0.03])
        reach_to(draft, side, shin, elbow=(1.0, 0.0, -0.4), palm=(-0.2, 1.0, 0.1), fingers=(-1.0, 0.1, -0.1))
    draft.action = "sitting on the floor hugging the knees"


def lying(draft: Draft) -> None:
    """On the back, the belly or a side."""
    kind = draft.rng.choice(3, p=(0.5, 0.22, 0.28))
    draft.settle_deg = (22.0, 22.0, 5.0)[kind]
    (_supine, _prone, _on_the_side)[kind](draft)
    draft.action = ("lying on the back", "lying on the stomach", "lying on the side")[kind]


def _supine(draft: Draft) -> None:
    draft.pelvis = turn(2, draft.normal(0, 4)) @ turn(0, -90.0)
    draft.bend_trunk(draft.normal(1, 3), draft.normal(0, 5), draft.normal(0, 3))
    draft.look(draft.normal(6, 5), draft.normal(0, 22))
    for side in SIDES:
        if draft.chance(0.3):
            draft.side(side, hip_flexion=draft.normal(48, 6), knee_flexion=draft.normal(92, 8), ankle_flexion=-8.0)
        else:
            draft.side(side, hip_flexion=2.0, knee_flexion=draft.normal(4, 3, 1), hip_abduction=abs(draft.normal(8, 6)))
            draft.side(side, hip_rotation=draft.normal(-22, 8), ankle_flexion=draft.normal(-24, 6))
        where = draft.rng.choice(3, p=(0.5, 0.25, 0.25))
        if where == 1:
            _arm_on_floor(draft, side, -8.0, draft.normal(100, 14), forward=draft.normal(0, 4))
            draft.side(side, elbow_flexion=draft.normal(80, 20), forearm_pronation=draft.normal(-10, 15))
            continue
        draft.side(
            side, shoulder_plane=-12.0, shoulder_elevation=draft.normal(30, 12), shoulder_rotation=draft.normal(5, 10)
        )
        draft.side(side, elbow_flexion=draft.normal(12, 5), forearm_pronation=draft.normal(20, 30))
        if where == 2:
            draft.side(side, shoulder_plane=20.0, shoulder_elevation=draft.normal(32, 5), shoulder_rotation=55.0)
            draft.side(side, elbow_flexion=draft.normal(84, 6), forearm_pronation=20.0)


def _arm_on_floor(draft: Draft, side: str, plane: float, elevation: float, *, forward: float) -> None:
    """An arm out to the side with the forearm turned up beside the head, ``forward`` degrees before that plane."""
    rotation = forward - 90.0 - natural_rotation_deg(plane, elevation)
    draft.side(side, shoulder_plane=plane, shoulder_elevation=elevation, shoulder_rotation=rotation)
    draft.follow_with_clavicle(side)


def _prone(draft: Draft) -> None:
    draft.pelvis = turn(2, draft.normal(0, 4)) @ turn(0, 90.0)
    draft.bend_trunk(draft.normal(-3, 2), draft.normal(0, 4), draft.normal(0, 2))
    aside = SIDES[int(draft.chance(0.5))]
    draft.look(-14.0, out_sign(aside) * draft.normal(62, 5))
    for side in SIDES:
        draft.side(
            side,
            hip_flexion=draft.normal(7, 1),
            knee_flexion=draft.normal(4, 2, 1),
            hip_abduction=abs(draft.normal(8, 4)),
        )
        draft.side(side, ankle_flexion=draft.normal(-50, 4), hip_rotation=draft.normal(0, 10))
        _arm_on_floor(draft, side, draft.normal(14, 4), draft.normal(104, 16), forward=draft.normal(12, 4))
        draft.side(side, elbow_flexion=draft.normal(78, 16), forearm_pronation=draft.normal(50, 10))
        draft.fingers[side] = "flat"


def _on_the_side(draft: Draft) -> None:
    draft.pelvis = turn(2, draft.normal(0, 4)) @ turn(0, -90.0) @ turn(2, 90.0 + draft.normal(0, 5))
    curl = draft.uniform(0.2, 0.75)
    draft.bend_trunk(28.0 * curl, draft.normal(0, 3), draft.normal(0, 3))
    draft.look(12.0 * curl + draft.normal(0, 4), 0.0, draft.normal(10, 3))
    for side in SIDES:
        extra = draft.normal(0, 5) + (8.0 if side == "left" else 0.0)
        draft.side(side, hip_flexion=75.0 * curl + extra, knee_flexion=90.0 * curl + extra, hip_abduction=-3.0)
        draft.side(side, ankle_flexion=-20.0)
    draft.side("right", shoulder_plane=88.0, shoulder_elevation=draft.normal(85, 12), shoulder_rotation=30.0)
    draft.side("right", elbow_flexion=draft.normal(80, 20), forearm_pronation=-20.0)
    draft.side("left", shoulder_plane=80.0, shoulder_elevation=draft.normal(48, 10), shoulder_rotation=40.0)
    draft.side("left", elbow_flexion=draft.normal(60, 15), forearm_pronation=40.0)


def crawling(draft: Draft) -> None:
    """On hands and knees, at times with one arm or leg moving forward."""
    tilt = draft.normal(80, 4)
    draft.turn_pelvis(forward=tilt)
    draft.bend_trunk(draft.normal(4, 5), draft.normal(0, 4), draft.normal(0, 3))
    draft.look(draft.normal(-32, 9), draft.normal(0, 12))
    thigh_m = draft.length_m("upperleg01", "lowerleg01")
    swing = draft.normal(10, 6)
    for side in SIDES:
        hip = draft.normal(80, 3) + (swing if side == "left" else -swing)
        draft.side(side, hip_flexion=hip, knee_flexion=hip - tilt + 90.0, hip_abduction=draft.normal(5, 3))
        draft.side(side, ankle_flexion=draft.normal(-46, 4))
    draft.root_m = np.array([0.0, 0.0, thigh_m * 0.985 + knee_height_m(draft) - 0.01])
    hands_on_floor(draft, draft.normal(0.03, 0.05), draft.normal(0.0, 0.03))
    draft.settle_deg = 22.0
    draft.action = "crawling"
