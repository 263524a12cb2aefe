"""Yoga: figures held still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from posedreamer.priors.anatomy import SIDES
from posedreamer.priors.draft import Draft
from posedreamer.priors.families.floor import hands_on_floor
from posedreamer.priors.families.lively import raise_arm
from posedreamer.priors.stance import (
    at_trunk,
    out_sign,
    plant,
    reach_to,
    stand,
)
from posedreamer.priors.turns import turn

__all__ = ["yoga"]


def yoga(draft: Draft) -> None:
    """Tree, warriors, triangle, chair, forward fold, downward dog, cobra, plank."""
    kind = int(draft.rng.choice(len(_FIGURES), p=[share for _, share, _ in _FIGURES]))
    figure, _, name = _FIGURES[kind]
    figure(draft)
    draft.action = f"doing yoga in {name}"
    draft.solve()


def _tree(draft: Draft) -> None:
    plant(draft, "left", (0.02, 0.0), toe_out=4.0)
    draft.side("right", hip_flexion=draft.normal(62, 4), hip_abduction=46.0, hip_rotation=-42.0, knee_flexion=128.0)
    draft.side("right", ankle_flexion=-25.0)
    stand(draft, stretch=0.996)
    overhead = draft.chance(0.6)
    for side in SIDES:
        if overhead:
            top = at_trunk(draft, "head", x=0.06 * out_sign(side), out=-0.06, up=draft.normal(0.28, 0.04))
            reach_to(draft, side, top, elbow=(1.0, 0.1, 0.0), palm=(-1, 0, 0), fingers=(-0.02, 0, 1.0))
        else:
            _prayer(draft, side)
        draft.fingers[side] = "flat"
    draft.look(draft.normal(0, 4))


def _prayer(draft: Draft, side: str) -> None:
    wrist = at_trunk(draft, "chest", x=0.17 * out_sign(side), out=0.09, up=-0.07)
    reach_to(draft, side, wrist, elbow=(1.0, 0.1, -0.6), palm=(-1, 0, 0), fingers=(-0.1, -0.2, 1.0))
    draft.fingers[side] = "flat"


def _warrior_two(draft: Draft) -> None:
    wide = draft.leg_m * draft.normal(0.66, 0.03)
    draft.turn_pelvis(heading=draft.normal(14, 4))
    plant(draft, "left", (wide, 0.0), toe_out=86.0)
    plant(draft, "right", (-wide, 0.05), toe_out=8.0)
    stand(draft, left_share=0.6, stretch=0.985)
    for side in SIDES:
        raise_arm(draft, side, 4.0, draft.normal(88, 3), rotation=30.0, elbow=4.0)
        draft.side(side, forearm_pronation=60.0)
        draft.fingers[side] = "flat"
    draft.look(0.0, draft.normal(68, 5))


def _warrior_one(draft: Draft) -> None:
    plant(draft, "left", (0.09, -draft.leg_m * 0.6), toe_out=0.0)
    plant(draft, "right", (-0.12, draft.leg_m * 0.6), toe_out=38.0)
    draft.turn_pelvis(forward=6.0, heading=-10.0)
    draft.bend_trunk(-10.0, 0.0, 8.0)
    stand(draft, left_share=0.6, stretch=0.99)
    for side in SIDES:
        raise_arm(draft, side, 60.0, draft.normal(164, 4), rotation=30.0, elbow=5.0)
        draft.fingers[side] = "flat"
    draft.look(draft.normal(-10, 6))


def _warrior_three(draft: Draft) -> None:
    tilt = draft.normal(66, 6)
    draft.turn_pelvis(forward=tilt)
    draft.bend_trunk(4.0)
    draft.look(-24.0)
    plant(draft, "left", (0.02, 0.0), toe_out=2.0)
    draft.side("right", hip_flexion=-18.0, knee_flexion=4.0, ankle_flexion=-20.0)
    forward = draft.chance(0.5)
    for side in SIDES:
        if forward:
            raise_arm(draft, side, 75.0, 160.0, rotation=30.0, elbow=4.0)
        else:
            raise_arm(draft, side, 5.0, 85.0, rotation=20.0, elbow=4.0)
        draft.fingers[side] = "flat"
    stand(draft, stretch=0.99)


def _triangle(draft: Draft) -> None:
    wide = draft.leg_m * 0.55
    draft.turn_pelvis(lateral=draft.normal(34, 4))
    draft.bend_trunk(0.0, draft.normal(28, 4))
    plant(draft, "left", (wide, 0.0), toe_out=60.0)
    plant(draft, "right", (-wide, 0.0), toe_out=6.0)
    stand(draft, left_share=0.55, stretch=0.996, share=0.6)
    for side in SIDES:
        raise_arm(draft, side, 2.0, 88.0, rotation=20.0, elbow=3.0)
        draft.fingers[side] = "flat"
    draft.look(0.0, draft.normal(-25, 20))


def _chair(draft: Draft) -> None:
    draft.turn_pelvis(forward=draft.normal(36, 4))
    draft.bend_trunk(-6.0)
    for side in SIDES:
        plant(draft, side, (out_sign(side) * 0.09, 0.0), toe_out=2.0)
    stand(draft, stretch=draft.uniform(0.76, 0.84))
    for side in SIDES:
        raise_arm(draft, side, 68.0, draft.normal(158, 5), rotation=30.0, elbow=5.0)
        draft.fingers[side] = "flat"
    draft.look(draft.normal(-6, 5))


def _fold(draft: Draft) -> None:
    draft.turn_pelvis(forward=draft.normal(80, 5))
    draft.bend_trunk(draft.normal(52, 6))
    draft.look(draft.normal(10, 6))
    for side in SIDES:
        plant(draft, side, (out_sign(side) * 0.1, 0.0), toe_out=4.0)
    stand(draft, stretch=0.975)
    for side in SIDES:
        shoulder = draft.head_of(f"upperarm01.{side[0].upper()}")
        reach_to(
            draft,
            side,
            shoulder + np.array([0.03 * out_sign(side), -0.1, -0.9 * draft.arm_m]),
            elbow=(1, 1, 0),
            palm=(0, 1, 0),
        )


def _down_dog(draft: Draft) -> None:
    hip_m = draft.leg_m * draft.normal(0.82, 0.02)
    arms = draft.arm_m + float(draft.skeleton.offset_m("root", "upperarm01.L")[2])
    slope = float(np.degrees(np.arcsin(np.clip((hip_m - 0.02) / (arms * 0.98), 0.3, 0.92))))
    draft.pelvis = turn(0, 90.0 + slope)
    draft.root_m = np.array([0.0, 0.0, hip_m])
    draft.bend_trunk(-4.0)
    draft.look(10.0)
    back = float(np.sqrt(max((0.985 * draft.leg_m) ** 2 - (hip_m - 0.09) ** 2, 0.04)))
    for side in SIDES:
        plant(draft, side, (out_sign(side) * 0.1, back - 0.13), toe_out=2.0, heel_up=draft.normal(14, 6))
    draft.solve_legs()
    for side in SIDES:
        reach = np.array([out_sign(side) * 0.17, -arms * 0.97 * np.cos(np.radians(slope)), 0.055])
        reach_to(draft, side, reach, elbow=(1.0, 0.2, -0.4), palm=(0, 0, -1), fingers=(0.05, -1, 0))
        draft.fingers[side] = "support"
    draft.settle_deg = 22.0


def _cobra(draft: Draft) -> None:
    draft.turn_pelvis(forward=draft.normal(76, 3))
    draft.bend_trunk(-38.0)
    draft.look(-24.0)
    draft.both(hip_flexion=-16.0, knee_flexion=2.0, ankle_flexion=-50.0, hip_abduction=4.0)
    draft.root_m = np.array([0.0, 0.0, 0.12])
    hands_on_floor(draft, -0.02, 0.03)
    draft.settle_deg = 22.0


_FIGURES: Final[tuple[tuple[Callable[[Draft], None], float, str], ...]] = (
    (_tree, 0.2, "tree pose"),
    (_warrior_two, 0.16, "warrior pose"),
    (_warrior_one, 0.12, "warrior pose"),
    (_warrior_three, 0.08, "warrior pose on one leg"),
    (_triangle, 0.1, "triangle pose"),
    (_chair, 0.1, "chair pose"),
    (_fold, 0.08, "a standing forward fold"),
    (_down_dog, 0.1, "downward dog"),
    (_cobra, 0.06, "cobra pose"),
)
