"""Upright people whose hands are busy: gestures, things held (the thing itself is not part of the body), reaching."""

from __future__ import annotations

import numpy as np

from posedreamer.priors.anatomy import SIDES
from posedreamer.priors.draft import Draft
from posedreamer.priors.families.upright import dangle, glance, hand_on_hip, relaxed_stance
from posedreamer.priors.stance import at_trunk, hang_arms, other, out_sign, plant, reach_to, stand, swing_arm

__all__ = ["gesturing", "hands_busy", "reaching"]


def gesturing(draft: Draft) -> None:
    """Talking with the hands, waving, pointing, arms up in triumph, arms spread, thinking."""
    relaxed_stance(draft)
    hang_arms(draft)
    glance(draft)
    kind = draft.rng.choice(7, p=(0.34, 0.16, 0.16, 0.09, 0.09, 0.08, 0.08))
    side = SIDES[int(draft.chance(0.5))]
    variants = (_talk, _wave, _point, _triumph, _spread, _think, _shrug)
    variants[kind](draft, side)
    draft.solve()


def _talk(draft: Draft, side: str) -> None:
    sides = SIDES if draft.chance(0.6) else (side,)
    for each in sides:
        swing_arm(
            draft,
            each,
            draft.normal(20, 10),
            draft.normal(16, 8),
            rotation=draft.normal(22, 16),
            elbow=draft.normal(82, 18),
        )
        draft.side(each, forearm_pronation=draft.normal(-20, 30), wrist_flexion=draft.normal(-8, 14))
        draft.fingers[each] = str(draft.rng.choice(("open", "relaxed", "claw", "pinch", "flat")))
    draft.action = "talking with the hands"


def _wave(draft: Draft, side: str) -> None:
    low = draft.chance(0.5)
    swing_arm(
        draft,
        side,
        draft.normal(20 if low else 60, 10),
        draft.normal(55 if low else 110, 12),
        rotation=draft.normal(-35 if low else 5, 10),
        elbow=draft.normal(100 if low else 30, 12),
    )
    if low:
        draft.side(side, shoulder_plane=35.0, shoulder_elevation=draft.normal(62, 8), shoulder_rotation=-38.0)
        draft.side(side, elbow_flexion=draft.normal(118, 10))
    draft.side(side, forearm_pronation=draft.normal(35 if low else 10, 15), wrist_flexion=draft.normal(-10, 8))
    draft.side(side, wrist_deviation=draft.normal(0, 12))
    draft.fingers[side] = "open"
    draft.action = "waving"


def _point(draft: Draft, side: str) -> None:
    up = draft.normal(5, 20)
    aside = draft.normal(25, 25)
    direction = np.array(
        [out_sign(side) * np.sin(np.radians(aside)), -np.cos(np.radians(aside)), np.tan(np.radians(up))]
    )
    direction = direction / np.linalg.norm(direction)
    shoulder = draft.head_of(f"upperarm01.{side[0].upper()}")
    wrist = shoulder + direction * draft.arm_m * draft.uniform(0.9, 0.99)
    aim = (float(direction[0]) * out_sign(side), float(direction[1]), float(direction[2]))
    reach_to(draft, side, wrist, elbow=(0.5, 0.2, -1.0), palm=(-0.7, 0.0, -0.7), fingers=aim)
    draft.look(draft.normal(0, 6) - 0.4 * up, out_sign(side) * aside * 0.6 + draft.normal(0, 5))
    draft.fingers[side] = "pointing"
    draft.action = "pointing"


def _triumph(draft: Draft, side: str) -> None:
    for each in SIDES:
        draft.side(each, shoulder_plane=draft.normal(30, 12), shoulder_elevation=draft.normal(142, 12))
        draft.side(each, shoulder_rotation=draft.normal(25, 10), elbow_flexion=draft.normal(32, 18))
        draft.follow_with_clavicle(each)
        draft.fingers[each] = "fist" if draft.chance(0.5) else "open"
    draft.look(draft.normal(-12, 8), draft.normal(0, 8) if side == "left" else draft.normal(0, 10))
    draft.action = "cheering with both arms up"


def _spread(draft: Draft, side: str) -> None:
    raised = draft.normal(72, 14)
    for each in SIDES:
        draft.side(each, shoulder_plane=draft.normal(22, 8), shoulder_elevation=raised + draft.normal(0, 5))
        draft.side(each, shoulder_rotation=draft.normal(0, 10), elbow_flexion=draft.normal(22, 10))
        draft.side(each, forearm_pronation=draft.normal(-25, 20))
        draft.follow_with_clavicle(each)
        draft.fingers[each] = "open"
    draft.action = "standing with arms spread" if side else "standing"


def _think(draft: Draft, side: str) -> None:
    chin = at_trunk(draft, "head", x=out_sign(side) * 0.35, out=0.06, up=-0.17)
    reach_to(draft, side, chin, elbow=(0.25, -0.5, -1.0), palm=(-0.5, 1.0, 0.1), fingers=(-0.35, 0.3, 1.0))
    draft.fingers[side] = "relaxed"
    belly = at_trunk(draft, "chest", x=out_sign(side) * 0.3, out=0.085, up=-0.14)
    reach_to(draft, other(side), belly, elbow=(0.6, 0.2, -1.0), palm=(0, 1, 0), fingers=(-1.0, 0.1, 0.1))
    draft.look(draft.normal(6, 6), draft.normal(0, 10))
    draft.action = "thinking with a hand at the chin"


def _shrug(draft: Draft, side: str) -> None:
    for each in SIDES:
        swing_arm(
            draft,
            each,
            draft.normal(12, 6),
            draft.normal(24, 6),
            rotation=draft.normal(-22, 8),
            elbow=draft.normal(78, 10),
        )
        draft.side(each, forearm_pronation=draft.normal(-62, 10), wrist_flexion=draft.normal(-14, 8))
        draft.side(each, clavicle_elevation=draft.normal(16, 4))
        draft.fingers[each] = "open"
    draft.look(draft.normal(4, 5), draft.normal(0, 8), out_sign(side) * draft.normal(10, 4))
    draft.action = "shrugging"


def hands_busy(draft: Draft) -> None:
    """Phone, camera, box, tray, book, cup, pulling, pushing a trolley, playing guitar."""
    relaxed_stance(draft)
    hang_arms(draft)
    glance(draft, 0.6)
    kind = draft.rng.choice(8, p=(0.24, 0.1, 0.14, 0.1, 0.13, 0.1, 0.1, 0.09))
    side = SIDES[int(draft.chance(0.5))]
    variants = (_phone, _call, _carry, _photo, _read, _drink, _push, _guitar)
    variants[kind](draft, side)
    draft.solve()


def _phone(draft: Draft, side: str) -> None:
    sides = SIDES if draft.chance(0.45) else (side,)
    height = draft.normal(0.02, 0.03)
    for each in sides:
        x = 0.18 if len(sides) == 2 else 0.42
        wrist = at_trunk(draft, "chest", x=out_sign(each) * x, out=draft.normal(0.2, 0.03), up=height - 0.07)
        reach_to(draft, each, wrist, elbow=(0.45, 0.5, -1.0), palm=(-0.55, 0.75, 0.35), fingers=(-0.5, -0.6, 0.65))
        draft.fingers[each] = "cup"
    draft.look(draft.normal(24, 5), -out_sign(side) * draft.normal(3, 4))
    draft.action = "looking at a phone"


def _call(draft: Draft, side: str) -> None:
    ear = at_trunk(draft, "head", x=out_sign(side) * 1.6, out=-0.025, up=-0.115)
    reach_to(draft, side, ear, elbow=(0.55, -0.45, -1.0), palm=(-1.0, 0.15, 0.1), fingers=(-0.1, 0.45, 1.0))
    draft.fingers[side] = "cup"
    if draft.chance(0.3):
        hand_on_hip(draft, other(side))
    draft.action = "talking on a phone"


def _carry(draft: Draft, side: str) -> None:
    heavy = draft.chance(0.5)
    if heavy:
        draft.bend_trunk(-5.0)
    width = draft.uniform(0.75, 1.1)
    for each in SIDES:
        wrist = at_trunk(
            draft, "abdomen", x=out_sign(each) * width, out=draft.normal(0.17, 0.025), up=draft.normal(0.0, 0.02)
        )
        palm = (-0.8, 0.0, 0.6) if heavy else (-1.0, 0.0, 0.25)
        reach_to(draft, each, wrist, elbow=(0.5, 0.8, -0.7), palm=palm, fingers=(-0.3, -1.0, 0.0))
        draft.fingers[each] = "cup"
    draft.action = "carrying a box" if side else "carrying"


def _photo(draft: Draft, side: str) -> None:
    for each in SIDES:
        wrist = at_trunk(draft, "head", x=out_sign(each) * 0.95, out=draft.normal(0.12, 0.03), up=-0.09)
        reach_to(draft, each, wrist, elbow=(0.45, -0.2, -1.0), palm=(-0.8, 0.55, 0.0), fingers=(-0.45, -0.3, 0.9))
        draft.fingers[each] = "cup"
    draft.look(draft.normal(0, 5), draft.normal(0, 4) if side else 0.0)
    draft.action = "taking a photo"


def _read(draft: Draft, side: str) -> None:
    for each in SIDES:
        wrist = at_trunk(
            draft, "chest", x=out_sign(each) * 0.5, out=draft.normal(0.21, 0.03), up=draft.normal(-0.09, 0.02)
        )
        reach_to(draft, each, wrist, elbow=(0.5, 0.6, -1.0), palm=(-0.35, 0.75, 0.6), fingers=(-0.3, -0.8, 0.5))
        draft.fingers[each] = "cup"
    draft.look(draft.normal(20, 5), draft.normal(0, 5) if side else 0.0)
    draft.action = "reading a book"


def _drink(draft: Draft, side: str) -> None:
    close = draft.chance(0.5)
    if close:
        wrist = at_trunk(draft, "head", x=out_sign(side) * 0.55, out=0.095, up=-0.085)
        reach_to(draft, side, wrist, elbow=(0.6, -0.3, -1.0), palm=(-1.0, 0.2, 0.0), fingers=(-0.75, -0.2, 0.5))
        draft.look(-8.0)
    else:
        wrist = at_trunk(draft, "chest", x=out_sign(side) * 0.55, out=0.16, up=-0.02)
        reach_to(draft, side, wrist, elbow=(0.5, 0.3, -1.0), palm=(-1.0, 0.2, 0.0), fingers=(-0.55, -0.85, 0.15))
    draft.fingers[side] = "grip"
    draft.action = "drinking" if close else "holding a cup"


def _push(draft: Draft, side: str) -> None:
    draft.bend_trunk(draft.normal(8, 4))
    for each in SIDES:
        wrist = at_trunk(
            draft, "abdomen", x=out_sign(each) * 1.15, out=draft.normal(0.26, 0.03), up=draft.normal(0.05, 0.03)
        )
        reach_to(draft, each, wrist, elbow=(0.6, 0.5, -0.8), palm=(-0.1, -0.15, -1.0), fingers=(-0.1, -1.0, -0.1))
        draft.fingers[each] = "grip"
    draft.action = "pushing a cart" if side else "pushing"


def _guitar(draft: Draft, side: str) -> None:
    strum = at_trunk(draft, "abdomen", x=out_sign(side) * 0.25, out=0.12, up=-0.02)
    reach_to(draft, side, strum, elbow=(1.0, 0.2, -0.5), palm=(-0.3, 1.0, -0.2), fingers=(-0.8, -0.1, -0.55))
    neck = at_trunk(draft, "chest", x=-out_sign(side) * 2.1, out=0.16, up=-0.03)
    reach_to(draft, other(side), neck, elbow=(0.5, 0.3, -1.0), palm=(-0.3, 0.6, 0.8), fingers=(-0.6, -0.2, 0.75))
    draft.fingers[side], draft.fingers[other(side)] = "pinch", "grip"
    draft.look(draft.normal(14, 6), -out_sign(side) * draft.normal(10, 8))
    draft.action = "playing a guitar"


def reaching(draft: Draft) -> None:
    """Reaching up to a shelf, forward over a table, aside, or down to pick something up."""
    kind = draft.rng.choice(4, p=(0.35, 0.27, 0.13, 0.25))
    side = SIDES[int(draft.chance(0.5))]
    if kind == 3:
        _pick_up(draft, side)
        return
    tip_toe = kind == 0 and draft.chance(0.4)
    draft.turn_pelvis(forward=draft.normal((0, 11, 4)[kind], 4))
    draft.bend_trunk(draft.normal((-6, 10, 2)[kind], 4), -out_sign(side) * draft.normal(6, 4), draft.normal(0, 5))
    for each in SIDES:
        ahead = draft.normal(0.12, 0.06) if each != side and kind == 1 else 0.0
        heel = draft.normal(28, 6) if tip_toe else 0.0
        plant(
            draft, each, (out_sign(each) * draft.normal(0.12, 0.03), -ahead), toe_out=draft.normal(8, 5), heel_up=heel
        )
    stand(draft, stretch=0.993)
    hang_arms(draft)
    sides = SIDES if draft.chance(0.4) else (side,)
    for each in sides:
        up, aside = ((1.0, 0.22), (draft.normal(0.0, 0.2), 0.18), (draft.normal(0.3, 0.3), 1.2))[kind]
        sign = out_sign(each)
        direction = np.array([sign * aside, -0.35 if kind == 0 else -1.0, up])
        shoulder = draft.head_of(f"upperarm01.{each[0].upper()}")
        wrist = shoulder + direction / np.linalg.norm(direction) * draft.arm_m * draft.uniform(0.98, 1.16)
        reach_to(draft, each, wrist, elbow=(0.8, 0.1, -0.8), palm=(-0.2, -0.6, -0.7))
        draft.fingers[each] = str(draft.rng.choice(("open", "cup", "relaxed")))
        if kind == 2:
            break
    draft.look(draft.normal((-24, 8, 0)[kind], 6), out_sign(side) * draft.normal((6, 4, 30)[kind], 6))
    draft.action = ("reaching up", "reaching forward", "reaching to the side")[kind]
    draft.solve()


def _pick_up(draft: Draft, side: str) -> None:
    draft.turn_pelvis(forward=draft.normal(38, 8), heading=draft.normal(0, 6))
    draft.bend_trunk(draft.normal(34, 7), draft.normal(0, 4), -out_sign(side) * draft.normal(8, 4))
    for each in SIDES:
        ahead = draft.normal(0.16, 0.05) if each != side else -0.16
        plant(draft, each, (out_sign(each) * 0.12, -ahead), toe_out=8.0, heel_up=0.0 if each != side else 22.0)
    stand(draft, stretch=draft.uniform(0.68, 0.8))
    hang_arms(draft)
    dangle(draft, side, 0.97, ahead=0.2)
    knee = other(side)
    dangle(draft, knee, 0.75, ahead=0.35)
    draft.fingers[side] = "cup"
    draft.look(draft.normal(-5, 8), draft.normal(0, 8))
    draft.action = "picking something up"
    draft.solve()
