"""Sport: figures with a name, each caught at one moment."""

from __future__ import annotations

import numpy as np

from posedreamer.priors.anatomy import SIDES
from posedreamer.priors.draft import Draft
from posedreamer.priors.families.floor import hands_on_floor
from posedreamer.priors.families.lively import raise_arm
from posedreamer.priors.stance import (
    at_trunk,
    hang_arms,
    out_sign,
    plant,
    reach_to,
    rest_hand_on_thigh,
    stand,
    swing_arm,
)
from posedreamer.priors.turns import turn

__all__ = ["sport"]


def sport(draft: Draft) -> None:
    """One of the figures below, right-handed (mirrored later half of the time)."""
    variants = (
        _throw,
        _kick,
        _lunge,
        _serve,
        _forehand,
        _boxing,
        _basketball,
        _ski,
        _squat_lift,
        _push_up,
        _archery,
        _golf,
    )
    weights = (0.1, 0.12, 0.1, 0.08, 0.12, 0.12, 0.08, 0.08, 0.06, 0.05, 0.05, 0.04)
    variants[draft.rng.choice(len(variants), p=weights)](draft)
    draft.solve()


def _feet_apart(draft: Draft, front: float, wide: float, *, heel: float = 0.0, toe_out: float = 10.0) -> None:
    """Left foot in front, right foot behind with its heel up."""
    plant(draft, "left", (wide / 2.0, -front / 2.0), toe_out=toe_out + draft.normal(0, 5))
    plant(draft, "right", (-wide / 2.0, front / 2.0), toe_out=toe_out + 12.0 + draft.normal(0, 6), heel_up=heel)


def _throw(draft: Draft) -> None:
    draft.turn_pelvis(forward=2.0, heading=-38.0)
    draft.bend_trunk(-8.0, draft.normal(5, 3), -22.0)
    _feet_apart(draft, draft.normal(0.55, 0.08), 0.2, heel=draft.normal(12, 6), toe_out=4.0)
    stand(draft, left_share=0.38, stretch=draft.uniform(0.93, 0.97))
    raise_arm(
        draft,
        "right",
        draft.normal(-6, 6),
        draft.normal(92, 8),
        rotation=draft.normal(-28, 8),
        elbow=draft.normal(86, 12),
    )
    raise_arm(draft, "left", draft.normal(62, 10), draft.normal(82, 10), rotation=20.0, elbow=draft.normal(22, 10))
    draft.fingers["right"], draft.fingers["left"] = "grip", "relaxed"
    draft.look(draft.normal(0, 5), draft.normal(52, 6))
    draft.action = "throwing a ball"


def _kick(draft: Draft) -> None:
    back = draft.chance(0.4)
    draft.turn_pelvis(forward=10.0 if back else -10.0, heading=draft.normal(-10 if back else 12, 4))
    draft.bend_trunk(8.0 if back else 14.0, draft.normal(4, 3), 16.0 if back else -16.0)
    plant(draft, "left", (0.03, 0.0), toe_out=draft.normal(8, 5), heel_up=0.0 if back else max(0.0, draft.normal(6, 6)))
    if back:
        draft.side(
            "right", hip_flexion=-22.0, knee_flexion=draft.normal(78, 12), hip_abduction=12.0, ankle_flexion=-30.0
        )
    else:
        draft.side("right", hip_flexion=draft.normal(72, 14), knee_flexion=draft.normal(14, 7, 1), hip_abduction=4.0)
        draft.side("right", ankle_flexion=-28.0)
    stand(draft, stretch=draft.uniform(0.95, 0.985), share=0.75)
    swing_arm(
        draft,
        "left",
        draft.normal(30 if back else -25, 12),
        draft.normal(62, 10),
        rotation=15.0,
        elbow=draft.normal(25, 10),
    )
    swing_arm(
        draft,
        "right",
        draft.normal(-28 if back else 24, 10),
        draft.normal(42, 10),
        rotation=15.0,
        elbow=draft.normal(38, 12),
    )
    draft.look(draft.normal(14, 5), draft.normal(0, 6))
    draft.action = "kicking a ball"


def _lunge(draft: Draft) -> None:
    draft.turn_pelvis(forward=draft.normal(4, 4))
    draft.bend_trunk(draft.normal(2, 4), 0.0, draft.normal(0, 6))
    plant(draft, "left", (0.08, -draft.leg_m * 0.52), toe_out=2.0)
    plant(draft, "right", (-0.08, draft.leg_m * 0.52), toe_out=2.0, heel_up=draft.normal(46, 5))
    stand(draft, left_share=0.55, stretch=draft.uniform(0.84, 0.92))
    kind = draft.rng.choice(3)
    if kind == 0:
        hang_arms(draft)
    for side in SIDES if kind else ():
        if kind == 1:
            raise_arm(draft, side, 60.0, draft.normal(158, 6), rotation=30.0, elbow=draft.normal(12, 5))
        else:
            rest_hand_on_thigh(draft, "left", 0.9)
    draft.look(draft.normal(0, 6), draft.normal(0, 8))
    draft.action = "doing a lunge"


def _serve(draft: Draft) -> None:
    draft.turn_pelvis(forward=-4.0, heading=-30.0)
    draft.bend_trunk(-14.0, draft.normal(8, 3), -14.0)
    _feet_apart(draft, 0.4, 0.16, heel=draft.normal(24, 6), toe_out=0.0)
    stand(draft, left_share=0.6, stretch=draft.uniform(0.93, 0.97))
    raise_arm(draft, "left", draft.normal(50, 8), draft.normal(152, 8), rotation=25.0, elbow=draft.normal(8, 4))
    raise_arm(draft, "right", draft.normal(0, 6), draft.normal(98, 8), rotation=-30.0, elbow=draft.normal(104, 10))
    draft.fingers["left"], draft.fingers["right"] = "open", "grip"
    draft.look(-34.0, draft.normal(18, 6))
    draft.action = "serving in tennis"


def _forehand(draft: Draft) -> None:
    ready = draft.chance(0.35)
    draft.turn_pelvis(forward=draft.normal(14, 4), heading=0.0 if ready else draft.normal(-20, 15))
    draft.bend_trunk(10.0, draft.normal(0, 3), 0.0 if ready else draft.normal(-14, 10))
    _feet_apart(draft, 0.05 if ready else draft.normal(0.32, 0.08), draft.normal(0.5, 0.06), toe_out=14.0)
    stand(draft, stretch=draft.uniform(0.86, 0.94))
    if ready:
        for side in SIDES:
            wrist = at_trunk(draft, "abdomen", x=out_sign(side) * 0.4, out=draft.normal(0.24, 0.03), up=0.03)
            reach_to(draft, side, wrist, elbow=(0.8, 0.4, -0.8), palm=(-1, 0, 0.1), fingers=(-0.2, -1.0, 0.3))
            draft.fingers[side] = "grip"
    else:
        swing_arm(
            draft,
            "right",
            draft.normal(5, 22),
            draft.normal(52, 12),
            rotation=draft.normal(-8, 10),
            elbow=draft.normal(36, 14),
        )
        swing_arm(draft, "left", draft.normal(55, 12), draft.normal(28, 10), rotation=30.0, elbow=draft.normal(48, 14))
        draft.fingers["right"] = "grip"
    draft.look(draft.normal(-14, 4), 0.0 if ready else draft.normal(22, 8))
    draft.action = "playing tennis"


def _boxing(draft: Draft) -> None:
    punch = draft.chance(0.5)
    draft.turn_pelvis(forward=4.0, heading=draft.normal(-4 if punch else -28, 5))
    draft.bend_trunk(8.0, 0.0, 14.0 if punch else -4.0)
    _feet_apart(draft, draft.normal(0.42, 0.05), 0.24, heel=draft.normal(22, 6), toe_out=6.0)
    stand(draft, stretch=draft.uniform(0.94, 0.975))
    for side in SIDES:
        guard = at_trunk(
            draft, "head", x=out_sign(side) * 0.55, out=draft.normal(0.13, 0.02), up=draft.normal(-0.16, 0.02)
        )
        reach_to(draft, side, guard, elbow=(0.45, -0.1, -1.0), palm=(-1.0, 0.35, 0), fingers=(-0.15, -0.2, 1.0))
        draft.fingers[side] = "fist"
    if punch:
        shoulder = draft.head_of("upperarm01.R")
        target = shoulder + draft.arm_m * 0.96 * np.array([0.2, -0.97, 0.05])
        reach_to(draft, "right", target, elbow=(1.0, 0.2, -0.6), palm=(0, 0, -1), fingers=(-0.15, -1.0, 0.0))
    draft.look(draft.normal(6, 4), -8.0 if punch else 24.0)
    draft.action = "boxing"


def _basketball(draft: Draft) -> None:
    jump = draft.chance(0.5)
    draft.lift_m = draft.uniform(0.05, 0.3) if jump else 0.0
    draft.turn_pelvis(forward=-1.0, heading=draft.normal(6, 4))
    draft.bend_trunk(draft.normal(-3, 3), draft.normal(2, 2), draft.normal(4, 3))
    for side in SIDES:
        plant(draft, side, (out_sign(side) * 0.13, draft.normal(0, 0.04)), toe_out=5.0, heel_up=32.0 if jump else 0.0)
    stand(draft, stretch=draft.uniform(0.96, 0.995) if jump else draft.uniform(0.9, 0.97))
    raise_arm(draft, "right", draft.normal(72, 5), draft.normal(128, 10), rotation=10.0, elbow=draft.normal(66, 18))
    draft.side("right", wrist_flexion=draft.normal(-45, 10), forearm_pronation=70.0)
    raise_arm(draft, "left", draft.normal(70, 5), draft.normal(118, 8), rotation=45.0, elbow=draft.normal(62, 12))
    draft.fingers["right"], draft.fingers["left"] = "claw", "open"
    draft.look(draft.normal(-16, 4), draft.normal(0, 5))
    draft.action = "shooting a basketball"


def _ski(draft: Draft) -> None:
    draft.turn_pelvis(forward=draft.normal(26, 5), lateral=draft.normal(0, 6))
    draft.bend_trunk(draft.normal(16, 5), draft.normal(0, 5), draft.normal(0, 6))
    for side in SIDES:
        plant(draft, side, (out_sign(side) * draft.normal(0.13, 0.03), draft.normal(0, 0.05)), toe_out=2.0)
    stand(draft, stretch=draft.uniform(0.74, 0.88), left_share=draft.uniform(0.35, 0.65))
    for side in SIDES:
        swing_arm(draft, side, draft.normal(52, 10), draft.normal(24, 8), rotation=24.0, elbow=draft.normal(58, 12))
        draft.fingers[side] = "fist"
    draft.look(draft.normal(-24, 5), draft.normal(0, 8))
    draft.action = "skiing" if draft.chance(0.5) else "skateboarding"


def _squat_lift(draft: Draft) -> None:
    low = draft.chance(0.5)
    draft.turn_pelvis(forward=draft.normal(40 if low else 8, 4))
    draft.bend_trunk(8.0 if low else 0.0)
    for side in SIDES:
        plant(draft, side, (out_sign(side) * draft.normal(0.19, 0.02), 0.0), toe_out=16.0, knee_out=3.0)
    stand(draft, stretch=draft.uniform(0.7, 0.8) if low else 0.985)
    for side in SIDES:
        if low:
            shoulder = draft.head_of(f"upperarm01.{side[0].upper()}")
            wrist = shoulder + draft.arm_m * 0.96 * np.array([0.08 * out_sign(side), -0.1, -0.99])
            reach_to(draft, side, wrist, elbow=(1.0, 0.5, 0.0), palm=(0, 1.0, 0.0))
        else:
            raise_arm(draft, side, draft.normal(30, 4), draft.normal(158, 4), rotation=25.0, elbow=draft.normal(12, 5))
            draft.side(side, forearm_pronation=60.0, wrist_flexion=-30.0)
        draft.fingers[side] = "fist"
    draft.look(-18.0 if low else -4.0, draft.normal(0, 4))
    draft.action = "lifting a barbell"


def _push_up(draft: Draft) -> None:
    _plank(draft, draft.uniform(0.5, 0.98))
    draft.action = "doing push-ups"


def _plank(draft: Draft, arm_share: float) -> None:
    toe_m, hand_m = 0.075, 0.055
    shoulder_up = float(draft.skeleton.offset_m("root", "upperarm01.L")[2])
    leg_m = draft.leg_m + float(-draft.skeleton.offset_m("root", "upperleg01.L")[2])
    shoulder_z = hand_m + arm_share * draft.arm_m
    slope = float(np.degrees(np.arcsin(np.clip((shoulder_z - toe_m - 0.05) / (leg_m + shoulder_up), -0.3, 0.9))))
    draft.pelvis = turn(0, 90.0 - slope)
    draft.root_m = np.array([0.0, 0.0, toe_m + 0.05 + leg_m * np.sin(np.radians(slope))])
    draft.both(
        hip_flexion=draft.normal(2, 2), knee_flexion=3.0, ankle_flexion=12.0, toe_extension=58.0, hip_abduction=2.0
    )
    draft.look(draft.normal(-16, 6))
    hands_on_floor(draft, 0.0 if arm_share > 0.85 else -0.03, draft.normal(0.05, 0.03))
    draft.settle_deg = 22.0


def _archery(draft: Draft) -> None:
    draft.turn_pelvis(heading=-70.0)
    plant(draft, "left", (0.02, -0.2), toe_out=-68.0)
    plant(draft, "right", (-0.02, 0.2), toe_out=72.0)
    stand(draft, stretch=0.99)
    draft.look(0.0, 62.0)
    raise_arm(draft, "left", 2.0, 88.0, rotation=10.0, elbow=4.0)
    chin = at_trunk(draft, "head", x=-0.7, out=0.04, up=-0.13)
    reach_to(draft, "right", chin, elbow=(0.9, 0.5, 0.2), palm=(-0.2, 0.3, -0.5), fingers=(-0.6, -1.0, 0.0))
    draft.fingers["left"], draft.fingers["right"] = "fist", "cup"
    draft.action = "shooting a bow"


def _golf(draft: Draft) -> None:
    draft.turn_pelvis(forward=draft.normal(24, 3), heading=draft.normal(0, 8))
    draft.bend_trunk(8.0, 0.0, draft.normal(0, 8))
    for side in SIDES:
        plant(draft, side, (out_sign(side) * 0.22, 0.0), toe_out=12.0)
    stand(draft, stretch=0.95)
    for side in SIDES:
        wrist = at_trunk(draft, "pelvis", x=out_sign(side) * 0.22, out=0.3 + 0.05 * (side == "left"), up=-0.02)
        reach_to(draft, side, wrist, elbow=(1.0, 0.8, 0.0), palm=(-1.0, 0.2, 0.0), fingers=(-0.2, -0.5, -0.9))
        draft.fingers[side] = "fist"
    draft.look(draft.normal(14, 4))
    draft.action = "playing golf"
