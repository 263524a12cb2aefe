"""Jumping, dancing, climbing."""

from __future__ import annotations

from posedreamer.priors.anatomy import SIDES
from posedreamer.priors.draft import Draft
from posedreamer.priors.families.moving import stride_legs
from posedreamer.priors.families.upright import hand_on_hip
from posedreamer.priors.stance import at_trunk, out_sign, plant, reach_to, stand, swing_arm

__all__ = ["climbing", "dancing", "jumping", "raise_arm"]


def raise_arm(
    draft: Draft, side: str, plane: float, elevation: float, *, rotation: float = 20.0, elbow: float = 15.0
) -> None:
    """Pose an arm by plane and elevation, degrees; the clavicle follows."""
    draft.side(side, shoulder_plane=plane, shoulder_elevation=elevation, shoulder_rotation=rotation)
    draft.side(side, elbow_flexion=elbow)
    draft.follow_with_clavicle(side)


def jumping(draft: Draft) -> None:
    """In the air: star, stretched, knees bent, a leap."""
    kind = draft.rng.choice(4, p=(0.25, 0.25, 0.3, 0.2))
    draft.lift_m = draft.uniform(0.12, 0.5)
    draft.turn_pelvis(forward=draft.normal(4, 6), lateral=draft.normal(0, 4), heading=draft.normal(0, 8))
    draft.bend_trunk(draft.normal(2, 7), draft.normal(0, 5), draft.normal(0, 8))
    draft.look(draft.normal(-4, 8), draft.normal(0, 12))
    up = draft.chance(0.65)
    for side in SIDES:
        draft.fingers[side] = str(draft.rng.choice(("open", "relaxed", "fist")))
        raised = draft.normal(138, 14) if up else draft.normal(78, 14)
        raise_arm(draft, side, draft.normal(25, 14), raised, rotation=draft.normal(18, 12), elbow=draft.normal(24, 12))
        draft.side(side, ankle_flexion=draft.normal(-32, 7))
        if kind == 0:
            draft.side(side, hip_abduction=draft.normal(32, 6), knee_flexion=draft.normal(10, 6, 1), hip_rotation=-12.0)
        elif kind == 1:
            draft.side(side, hip_flexion=draft.normal(-4, 4), knee_flexion=draft.normal(16, 8, 1), hip_abduction=4.0)
        else:
            bent = draft.normal(85, 16)
            draft.side(side, hip_flexion=bent * 0.75, knee_flexion=bent, hip_abduction=draft.normal(10, 4))
    if kind == 1 and draft.chance(0.5):
        draft.both(knee_flexion=draft.normal(75, 12), hip_flexion=draft.normal(2, 5))
    if kind == 3:
        stride_legs(draft, draft.normal(0.30, 0.03), draft.uniform(1.15, 1.4))
        draft.side("right", hip_flexion=draft.normal(70, 8), knee_flexion=draft.normal(30, 15, 1.5))
    draft.action = ("doing a star jump", "jumping", "jumping with knees bent", "leaping")[kind]


def dancing(draft: Draft) -> None:
    """Ballet, disco, street and partner dance."""
    (_ballet, _disco, _street, _waltz)[draft.rng.choice(4, p=(0.3, 0.3, 0.25, 0.15))](draft)
    draft.action = "dancing"


def _ballet(draft: Draft) -> None:
    free, on = "right", "left"
    heel = draft.normal(32, 5) if draft.chance(0.4) else 0.0
    figure = draft.rng.choice(3)
    draft.turn_pelvis(forward=(0.0, 16.0, 2.0)[figure] + draft.normal(0, 2), heading=draft.normal(0, 4))
    draft.bend_trunk((0.0, -20.0, -2.0)[figure], draft.normal(0, 4), draft.normal(0, 4))
    plant(draft, on, (0.02, 0.0), toe_out=draft.normal(28, 5), heel_up=heel)
    if figure == 0:
        draft.side(free, hip_flexion=66.0, hip_abduction=42.0, hip_rotation=-40.0, knee_flexion=draft.normal(118, 5))
    elif figure == 1:
        draft.side(free, hip_flexion=-22.0, hip_abduction=12.0, hip_rotation=-25.0, knee_flexion=draft.normal(12, 6, 1))
    else:
        draft.side(free, hip_flexion=draft.normal(62, 14), hip_abduction=18.0, hip_rotation=-30.0, knee_flexion=4.0)
    draft.side(free, ankle_flexion=-45.0)
    stand(draft, stretch=0.996)
    arms = draft.rng.choice(3)
    for side in SIDES:
        high = arms == 0 or (arms == 1 and side == "left")
        if high:
            raise_arm(draft, side, 55.0, draft.normal(146, 6), rotation=58.0, elbow=draft.normal(42, 6))
        else:
            raise_arm(draft, side, draft.normal(28, 6), draft.normal(76, 6), rotation=38.0, elbow=draft.normal(24, 6))
        draft.side(side, wrist_flexion=8.0, forearm_pronation=-10.0)
    draft.look(draft.normal(-6, 6), draft.normal(15, 15), draft.normal(0, 6))


def _disco(draft: Draft) -> None:
    lean = draft.normal(6, 4)
    draft.turn_pelvis(forward=3.0, lateral=-lean, heading=draft.normal(0, 10))
    draft.bend_trunk(draft.normal(2, 4), lean * 1.5, draft.normal(0, 8))
    for side in SIDES:
        plant(
            draft,
            side,
            (out_sign(side) * draft.normal(0.2, 0.04), draft.normal(0, 0.06)),
            toe_out=draft.normal(14, 6),
            heel_up=draft.normal(24, 8) if side == "right" else 0.0,
            knee_out=4.0,
        )
    stand(draft, left_share=0.72, stretch=draft.uniform(0.95, 0.99))
    raise_arm(draft, "right", draft.normal(20, 8), draft.normal(138, 10), rotation=15.0, elbow=draft.normal(14, 8))
    draft.fingers["right"] = "pointing"
    if draft.chance(0.5):
        hand_on_hip(draft, "left")
    else:
        swing_arm(draft, "left", draft.normal(10, 20), draft.normal(38, 10), rotation=20, elbow=draft.normal(60, 20))
    draft.look(draft.normal(-6, 6), draft.normal(-20, 10), draft.normal(0, 5))
    draft.solve()


def _street(draft: Draft) -> None:
    draft.turn_pelvis(forward=draft.normal(16, 5), lateral=draft.normal(0, 6), heading=draft.normal(0, 14))
    draft.bend_trunk(draft.normal(14, 7), draft.normal(0, 8), draft.normal(0, 12))
    for side in SIDES:
        heel = draft.normal(26, 8) if side == "right" and draft.chance(0.5) else 0.0
        place = (out_sign(side) * draft.normal(0.24, 0.05), draft.normal(0, 0.08))
        plant(draft, side, place, toe_out=draft.normal(18, 8), heel_up=heel, knee_out=draft.normal(3, 4))
    stand(draft, left_share=draft.uniform(0.35, 0.7), stretch=draft.uniform(0.84, 0.96))
    for side in SIDES:
        raise_arm(
            draft,
            side,
            draft.normal(45, 25),
            draft.normal(66, 26),
            rotation=draft.normal(25, 25),
            elbow=draft.normal(78, 26),
        )
        draft.fingers[side] = str(draft.rng.choice(("open", "fist", "relaxed", "pointing")))
    draft.look(draft.normal(2, 9), draft.normal(0, 18), draft.normal(0, 7))


def _waltz(draft: Draft) -> None:
    draft.turn_pelvis(forward=0.0, heading=draft.normal(0, 6))
    draft.bend_trunk(-4.0, draft.normal(3, 2), draft.normal(0, 5))
    for side in SIDES:
        back = 0.22 if side == "right" else -0.05
        plant(draft, side, (out_sign(side) * 0.07, back), toe_out=8.0, heel_up=30.0 if side == "right" else 0.0)
    stand(draft, left_share=0.8, stretch=0.985)
    raise_arm(draft, "left", draft.normal(25, 6), draft.normal(84, 6), rotation=-12.0, elbow=draft.normal(48, 10))
    raise_arm(draft, "right", draft.normal(62, 6), draft.normal(68, 6), rotation=48.0, elbow=draft.normal(78, 8))
    draft.look(draft.normal(-2, 4), draft.normal(24, 10), draft.normal(0, 4))


def climbing(draft: Draft) -> None:
    """On a ladder, a wall or a rock: hands high at different heights, one foot stepped up."""
    draft.turn_pelvis(forward=draft.normal(2, 5), lateral=draft.normal(0, 6))
    draft.bend_trunk(draft.normal(0, 5), draft.normal(0, 6), draft.normal(0, 5))
    draft.look(draft.normal(-24, 8), draft.normal(0, 14))
    low, high = "left", "right"
    plant(draft, low, (draft.normal(0.1, 0.03), 0.0), toe_out=18.0, heel_up=draft.normal(12, 8))
    step = draft.normal(0.34, 0.07)
    plant(draft, high, (-draft.normal(0.19, 0.05), -0.04), toe_out=24.0, height=step, knee_out=10.0)
    feet = draft.feet.copy()
    draft.feet = {low: feet[low]}
    draft.root_m[:2] = (0.0, 0.24)
    stand(draft, stretch=0.985, share=0.0)
    draft.root_m[1] = feet[low].ankle_m[1] + 0.03
    draft.feet = feet
    draft.solve_legs()
    for side, up in ((low, draft.normal(0.52, 0.06)), (high, draft.normal(0.3, 0.08))):
        hold = at_trunk(draft, "chest", x=out_sign(side) * draft.normal(1.3, 0.3), out=draft.normal(0.22, 0.04), up=up)
        reach_to(draft, side, hold, elbow=(1.0, 0.1, -0.9), palm=(0.0, -1.0, -0.2), fingers=(0.0, -0.25, 1.0))
        draft.fingers[side] = "grip"
    draft.action = "climbing"
    draft.solve()
