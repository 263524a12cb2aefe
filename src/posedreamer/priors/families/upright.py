"""Standing, bending over, sitting on a seat, squatting."""

from __future__ import annotations

import numpy as np

from posedreamer.priors.anatomy import SIDES
from posedreamer.priors.draft import Draft
from posedreamer.priors.limbs import unit
from posedreamer.priors.stance import (
    at_trunk,
    gaze,
    hang_arms,
    out_sign,
    plant,
    reach_to,
    rest_hand_on_thigh,
    stand,
    swing_arm,
)

__all__ = [
    "bending",
    "cross_arms",
    "dangle",
    "glance",
    "hand_on_hip",
    "relaxed_stance",
    "sitting",
    "squatting",
    "standing",
]


def relaxed_stance(draft: Draft) -> None:
    """Feet planted and weight over them: even, on one leg (contrapposto), in step or legs apart."""
    kind = draft.rng.choice(4, p=(0.4, 0.33, 0.17, 0.1))
    half_m = abs(draft.normal(0.11, 0.025))
    draft.turn_pelvis(forward=draft.normal(1, 2.5), lateral=draft.normal(0, 1.5), heading=draft.normal(0, 4))
    draft.bend_trunk(draft.normal(1, 3), draft.normal(0, 3), draft.normal(0, 5))
    if kind == 1:
        weight = 0.78 if draft.chance(0.5) else 0.22
        toward = 1.0 if weight > 0.5 else -1.0
        hip_deg = abs(draft.normal(5, 2))
        draft.turn_pelvis(forward=3.0, lateral=-toward * hip_deg, heading=draft.normal(0, 5))
        draft.bend_trunk(0.0, toward * (hip_deg + draft.normal(2, 2)), draft.normal(0, 3))
        free = "right" if toward > 0 else "left"
        for side in SIDES:
            ahead = abs(draft.normal(0.07, 0.05)) if side == free else 0.0
            wide = half_m + (0.05 if side == free else -0.01)
            plant(draft, side, (out_sign(side) * wide, -ahead), toe_out=draft.normal(14, 8), knee_out=4.0)
        stand(draft, left_share=weight, stretch=0.993)
        return
    apart = draft.uniform(0.05, 0.13) if kind == 3 else 0.0
    stagger = draft.normal(0.16, 0.05) if kind == 2 else draft.normal(0.0, 0.025)
    for side in SIDES:
        place = (out_sign(side) * (half_m + apart), out_sign(side) * stagger / 2.0)
        plant(draft, side, place, toe_out=draft.normal(9, 6))
    stand(draft, left_share=draft.normal(0.5, 0.04 if kind == 3 else 0.12), stretch=draft.uniform(0.982, 0.996))


def glance(draft: Draft, spread: float = 1.0) -> None:
    """Look somewhere: mostly ahead, at times aside, up or down."""
    gaze(draft, draft.normal(3, 8 * spread), draft.normal(0, 20 * spread), draft.normal(0, 4))


def standing(draft: Draft) -> None:
    """Standing about: arms hanging, crossed, on the hips, clasped, on the thighs."""
    relaxed_stance(draft)
    hang_arms(draft)
    glance(draft)
    kind = draft.rng.choice(6, p=(0.44, 0.14, 0.15, 0.12, 0.07, 0.08))
    if kind == 1:
        cross_arms(draft)
        draft.action = "standing with arms crossed"
    elif kind == 2:
        sides = SIDES if draft.chance(0.6) else (SIDES[int(draft.chance(0.5))],)
        for side in sides:
            hand_on_hip(draft, side)
        draft.action = "standing with hands on hips" if len(sides) == 2 else "standing with one hand on the hip"
    elif kind == 3:
        _clasp(draft, behind=False)
        draft.action = "standing with hands clasped in front"
    elif kind == 4:
        _clasp(draft, behind=True)
        draft.action = "standing with hands behind the back"
    elif kind == 5:
        for side in SIDES if draft.chance(0.6) else (SIDES[int(draft.chance(0.5))],):
            _hand_on_thigh(draft, side)
        draft.action = "standing with a hand on the thigh"
    draft.solve()


def cross_arms(draft: Draft) -> None:
    """Forearms across the chest, one before the other, a hand at each opposite elbow."""
    over = SIDES[int(draft.chance(0.5))]
    low = draft.normal(0.0, 0.02)
    for side in SIDES:
        outer = side == over
        wrist = at_trunk(
            draft, "abdomen", x=-out_sign(side) * 0.2, out=0.12 if outer else 0.065, up=low + (0.06 if outer else 0.03)
        )
        fingers = (-1.0, 0.1 if outer else 0.3, 0.2)
        reach_to(draft, side, wrist, elbow=(0.55, -0.3, -1.0), palm=(0.0, 1.0, -0.15), fingers=fingers)
        draft.fingers[side] = "flat" if outer else "relaxed"
    draft.solve()


def hand_on_hip(draft: Draft, side: str) -> None:
    """A hand on the hip bone, the elbow out to the side."""
    wrist = at_trunk(draft, "pelvis", x=out_sign(side) * 1.16, out=-0.10, up=draft.normal(0.07, 0.012))
    wrist = wrist + np.array([out_sign(side) * 0.03, 0.03, 0.0])
    back = draft.uniform(0.0, 0.45)
    reach_to(draft, side, wrist, elbow=(1.0, back, 0.1), palm=(-0.9, 0.1, -0.35), fingers=(-0.35, -0.9, -0.35))
    draft.fingers[side] = "flat"


def _clasp(draft: Draft, *, behind: bool) -> None:
    up, out = (-0.08, 0.07) if behind else (-0.09, 0.085)
    for side in SIDES:
        first = side == "left"
        wrist = at_trunk(draft, "pelvis", x=out_sign(side) * 0.42, out=out + 0.035 * first, up=up, behind=behind)
        inward = (-0.9, 0.25 if behind else -0.1, -0.7)
        palm = (0.0, -1.0, 0.0) if behind else (0.0, 1.0, 0.0)
        reach_to(draft, side, wrist, elbow=(1.0, 0.5 if not behind else 0.3, 0.0), palm=palm, fingers=inward)
        draft.fingers[side] = "cup"


def _hand_on_thigh(draft: Draft, side: str) -> None:
    wrist = at_trunk(draft, "pelvis", x=out_sign(side) * 1.12, out=-0.05, up=-0.015)
    reach_to(draft, side, wrist, elbow=(0.8, 1.0, 0.0), palm=(-1.0, 0.0, 0.0), fingers=(-0.2, -0.35, -1.0))
    draft.fingers[side] = "flat"


def dangle(draft: Draft, side: str, share: float = 0.93, ahead: float = 0.0) -> None:
    """Let an arm hang straight down from its shoulder, whatever the trunk does."""
    shoulder = draft.head_of(f"upperarm01.{side[0].upper()}")
    sign = out_sign(side)
    offset = draft.arm_m * share * unit(0.08 * sign, -0.05 - ahead, -1.0)
    reach_to(draft, side, shoulder + offset, elbow=(0.5, 1.0, 0.2), palm=(-1.0, 0.35, 0.0))


def bending(draft: Draft) -> None:
    """Bending over: to the ground, to tie a shoe, hands on knees, looking for something."""
    kind = draft.rng.choice(3, p=(0.4, 0.3, 0.3))
    tilt = (draft.normal(62, 10), draft.normal(38, 7), draft.normal(42, 12))[kind]
    draft.turn_pelvis(forward=tilt, heading=draft.normal(0, 6))
    draft.bend_trunk(draft.normal((38, 18, 22)[kind], 8), draft.normal(0, 4), draft.normal(0, 7))
    draft.look(draft.normal((0, -22, -4)[kind], 12), draft.normal(0, 14))
    stagger = draft.normal(0.0, 0.12)
    for side in SIDES:
        place = (out_sign(side) * draft.normal(0.12, 0.02), out_sign(side) * stagger / 2.0)
        plant(draft, side, place, toe_out=draft.normal(8, 5), knee_out=3.0)
    stand(draft, stretch=draft.uniform(0.86, 0.97))
    for side in SIDES:
        if kind == 1:
            rest_hand_on_thigh(draft, side, draft.normal(0.93, 0.02))
            draft.fingers[side] = "flat"
        else:
            dangle(draft, side, draft.uniform(0.8, 0.97), ahead=draft.normal(0.25 if kind == 0 else 0.1, 0.15))
    draft.action = ("bending down to the floor", "bending over with hands on knees", "bending over")[kind]
    draft.solve()


def squatting(draft: Draft) -> None:
    """Squatting, deep on flat feet or on the balls, or half way down."""
    deep = draft.chance(0.6)
    heel_up = draft.normal(28, 6) if deep and draft.chance(0.6) else 0.0
    lean = draft.normal(28, 8) if deep else draft.normal(35, 8)
    draft.turn_pelvis(forward=lean - (22 if deep else 0))
    draft.bend_trunk(draft.normal(38 if deep else 8, 8), draft.normal(0, 3), draft.normal(0, 6))
    gaze(draft, draft.normal(4, 10), draft.normal(0, 14))
    for side in SIDES:
        place = (out_sign(side) * draft.normal(0.17, 0.03), draft.normal(0.0, 0.03))
        plant(draft, side, place, toe_out=draft.normal(20, 7), knee_out=draft.normal(6, 4), heel_up=heel_up)
    stand(draft, stretch=draft.uniform(0.44, 0.52) if deep else draft.uniform(0.66, 0.84))
    kind = draft.rng.choice(3)
    for side in SIDES:
        if kind == 0:
            swing_arm(draft, side, draft.normal(70, 10), draft.normal(6, 6), rotation=45, elbow=draft.normal(20, 10))
        elif kind == 1 and deep:
            knee = draft.head_of(f"lowerleg01.{side[0].upper()}")
            sign = out_sign(side)
            reach_to(draft, side, knee + np.array([-0.02 * sign, -0.2, 0.07]), elbow=(1, 0.4, -0.8), palm=(-0.4, 0, -1))
        else:
            chest = at_trunk(draft, "chest", x=out_sign(side) * 0.2, out=draft.normal(0.18, 0.03), up=-0.02)
            reach_to(draft, side, chest, elbow=(1.0, 0.2, -0.9), palm=(-1, 0, 0), fingers=(-0.25, -0.4, 0.9))
            draft.fingers[side] = "flat"
    draft.action = "squatting"
    draft.solve()


def sitting(draft: Draft) -> None:
    """Sitting on a chair, stool or bench: legs side by side, apart, crossed or stretched; hands find a place."""
    lean = draft.normal(-8, 8)
    draft.turn_pelvis(forward=lean, heading=draft.normal(0, 3))
    draft.bend_trunk(draft.normal(9, 8), draft.normal(0, 4), draft.normal(0, 7))
    glance(draft)
    seat_m = draft.normal(0.93, 0.06) * draft.length_m("lowerleg01", "foot") + 0.10
    draft.root_m = np.array([0.0, 0.0, seat_m + 0.02])
    thigh_m = draft.length_m("upperleg01", "lowerleg01")
    half_m = abs(draft.normal(0.12, 0.04))
    forward = draft.normal(0.95, 0.1)
    for side in SIDES:
        place = (out_sign(side) * half_m, -thigh_m * forward - 0.12 + draft.normal(0, 0.035))
        plant(draft, side, place, toe_out=draft.normal(8, 7))
    draft.solve_legs()
    legs = draft.rng.choice(4, p=(0.6, 0.16, 0.14, 0.1))
    if legs == 1:
        _knee_over_knee(draft)
    elif legs == 2:
        _ankle_on_knee(draft)
    elif legs == 3:
        _stretch_legs(draft, thigh_m)
    draft.action = "sitting" if legs in (0, 3) else "sitting with legs crossed"
    _seated_arms(draft)
    draft.solve()


def _stretch_legs(draft: Draft, thigh_m: float) -> None:
    """Heels far in front of the seat, crossed or side by side."""
    heel_up = draft.normal(-22, 6)
    far = thigh_m + draft.length_m("lowerleg01", "foot") * draft.uniform(0.42, 0.62) + 0.12
    for side in SIDES:
        plant(draft, side, (out_sign(side) * draft.normal(0.1, 0.02), -far), toe_out=12.0, heel_up=heel_up)
    draft.solve_legs()


def _knee_over_knee(draft: Draft) -> None:
    over = SIDES[int(draft.chance(0.5))]
    draft.feet.pop(over)
    draft.side(over, hip_flexion=draft.normal(107, 3), hip_abduction=draft.normal(-17, 2), hip_rotation=-4.0)
    draft.side(over, knee_flexion=draft.normal(82, 6), ankle_flexion=-15.0, ankle_inversion=4.0)


def _ankle_on_knee(draft: Draft) -> None:
    over = SIDES[int(draft.chance(0.5))]
    draft.feet.pop(over)
    draft.side(over, hip_flexion=draft.normal(92, 3), hip_abduction=draft.normal(38, 3), hip_rotation=-48.0)
    draft.side(over, knee_flexion=draft.normal(96, 4), ankle_flexion=5.0)


def _seated_arms(draft: Draft) -> None:
    kind = draft.rng.choice(5, p=(0.45, 0.15, 0.15, 0.1, 0.15))
    if kind == 1:
        cross_arms(draft)
        return
    if kind == 2:
        for side in SIDES:
            lap = at_trunk(draft, "pelvis", x=out_sign(side) * 0.45, out=draft.normal(0.16, 0.02), up=0.09)
            reach_to(draft, side, lap, elbow=(1.0, 0.6, -0.3), palm=(0, 0.5, -1), fingers=(-0.9, -0.3, -0.2))
        return
    for side in SIDES:
        if kind == 3 and side == "left":
            chin = at_trunk(draft, "head", x=0.3, out=0.05, up=-0.14)
            reach_to(draft, side, chin, elbow=(0.3, -0.5, -1.0), palm=(-0.3, 1.0, 0.0), fingers=(-0.2, 0.2, 1.0))
        elif kind == 4 and side == "left":
            swing_arm(draft, side, draft.normal(35, 15), draft.normal(18, 8), rotation=40, elbow=draft.normal(75, 20))
            draft.fingers[side] = "open"
        else:
            rest_hand_on_thigh(draft, side, draft.uniform(0.62, 0.9), inward=draft.uniform(0.0, 0.03))
            draft.fingers[side] = "relaxed" if draft.chance(0.5) else "flat"
