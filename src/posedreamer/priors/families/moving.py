"""Walking and running: the whole body follows one phase of the gait."""

from __future__ import annotations

from typing import Final

import numpy as np

from posedreamer.priors.anatomy import SIDES
from posedreamer.priors.draft import Draft
from posedreamer.priors.limbs import Foot
from posedreamer.priors.stance import clear_deg, gaze, out_sign, plant, sink, swing_arm

__all__ = ["running", "stride_legs", "walking"]

_SWING_TIME: Final = (0.0, 0.1, 0.25, 0.4, 0.5)
_SWING_HEEL_DEG: Final = (38.0, 58.0, 22.0, -6.0, -16.0)
_SWING_HEIGHT_M: Final = (0.0, 0.05, 0.05, 0.035, 0.004)

_RUN_TIME: Final = (0.0, 0.12, 0.30, 0.40, 0.55, 0.70, 0.85, 0.95, 1.0)
_RUN_HIP_DEG: Final = (34.0, 22.0, -12.0, -8.0, 18.0, 52.0, 54.0, 42.0, 34.0)
_RUN_KNEE_DEG: Final = (18.0, 42.0, 16.0, 48.0, 104.0, 96.0, 48.0, 22.0, 18.0)
_RUN_ANKLE_DEG: Final = (4.0, 22.0, -26.0, -24.0, -8.0, 4.0, 4.0, 4.0, 4.0)


def walking(draft: Draft) -> None:
    """One moment of a step: left foot on the ground (mirrored later half of the time), right foot in swing."""
    time = draft.uniform(0.0, 0.5)
    half_step_m = draft.leg_m * abs(draft.normal(0.34, 0.07))
    track_m = abs(draft.normal(0.055, 0.02))
    ground = draft.normal(2, 2)
    behind = half_step_m * (-1.0 + 4.0 * time)
    heel = float(np.interp(time, (0.0, 0.06, 0.33, 0.5), (-16.0, 0.0, 0.0, 36.0)))
    swing_heel = float(np.interp(time, _SWING_TIME, _SWING_HEEL_DEG))
    height = float(np.interp(time, _SWING_TIME, _SWING_HEIGHT_M)) * draft.uniform(0.7, 1.4)
    lead = out_sign("right")
    draft.turn_pelvis(forward=ground, lateral=draft.normal(0, 1.5), heading=-9.0 * behind / half_step_m * 0.6)
    plant(draft, "left", (track_m, behind), toe_out=draft.normal(7, 4), heel_up=heel)
    plant(draft, "right", (lead * track_m, -behind), toe_out=draft.normal(7, 4), heel_up=swing_heel, height=height)
    planted = draft.feet.copy()
    draft.feet = {"left": planted["left"], "right": Foot(planted["right"].ankle_m, 0.0, swing_heel)}
    twist = 7.0 * behind / half_step_m
    draft.bend_trunk(draft.normal(2, 3), draft.normal(0, 2), twist + draft.normal(0, 3))
    gaze(draft, draft.normal(4, 7), draft.normal(0, 14), draft.normal(0, 3))
    _swing_both_arms(draft, behind / half_step_m, draft.normal(26, 9), elbow=draft.normal(24, 9))
    mean_y = float(planted["left"].ankle_m[1] + planted["right"].ankle_m[1]) / 2.0
    draft.root_m = np.array([0.0, mean_y - 0.02, 0.0])
    _hips_above(draft, draft.uniform(0.975, 0.995))
    draft.action = "walking"


def _hips_above(draft: Draft, stretch: float) -> None:
    sink(draft, stretch)
    draft.solve()


def _swing_both_arms(draft: Draft, phase: float, amplitude: float, *, elbow: float) -> None:
    """``phase`` in [-1, 1]: 1 when the left leg is behind, so that the left arm is in front."""
    clear = clear_deg(draft)
    for side in SIDES:
        forward = phase if side == "left" else -phase
        flexion = amplitude * forward + draft.normal(4, 3)
        bent = elbow + 14.0 * max(forward, 0.0)
        swing_arm(draft, side, flexion, clear + draft.normal(4, 2), rotation=draft.normal(4, 7), elbow=max(bent, 6.0))
        draft.side(side, forearm_pronation=draft.normal(10, 10), wrist_flexion=draft.normal(2, 6))


def stride_legs(draft: Draft, time: float, vigour: float) -> None:
    """Hip, knee and ankle angles of both legs at a time in [0, 1) of the running cycle of the left leg."""
    for side in SIDES:
        at = (time + (0.0 if side == "left" else 0.5)) % 1.0
        hip = float(np.interp(at, _RUN_TIME, _RUN_HIP_DEG))
        knee = float(np.interp(at, _RUN_TIME, _RUN_KNEE_DEG))
        ankle = float(np.interp(at, _RUN_TIME, _RUN_ANKLE_DEG))
        draft.side(side, hip_flexion=12.0 + (hip - 12.0) * vigour, knee_flexion=15.0 + (knee - 15.0) * vigour)
        draft.side(side, ankle_flexion=ankle, hip_abduction=draft.normal(1, 2), hip_rotation=draft.normal(-3, 3))
        draft.side(side, toe_extension=float(np.interp(at, (0.15, 0.28, 0.36, 0.5), (0.0, 35.0, 10.0, 0.0))))


def running(draft: Draft) -> None:
    """Jogging to sprinting: left leg in stance or just leaving the ground (mirrored later half of the time)."""
    time = draft.uniform(0.0, 0.5)
    vigour = draft.uniform(0.75, 1.18)
    lean = draft.normal(9, 3) * vigour
    swing = float(np.interp(time, (0.0, 0.3, 0.5), (-1.0, 1.0, 0.75)))
    draft.turn_pelvis(forward=lean * 0.6 + 5.0, lateral=draft.normal(0, 2), heading=-7.0 * swing)
    stride_legs(draft, time, vigour)
    draft.bend_trunk(lean * 0.5, draft.normal(0, 2), 14.0 * swing * vigour)
    gaze(draft, draft.normal(2, 6), -5.0 * swing + draft.normal(0, 8), draft.normal(0, 3))
    elbow = draft.normal(92, 12)
    for side in SIDES:
        forward = swing if side == "left" else -swing
        flexion = 38.0 * forward * vigour - 6.0
        bend = elbow + 14.0 * forward
        rotation = draft.normal(14 if forward > 0 else 8, 6)
        swing_arm(draft, side, flexion, clear_deg(draft) + draft.normal(9, 4), rotation=rotation, elbow=bend)
        draft.side(side, forearm_pronation=draft.normal(8, 10), wrist_flexion=draft.normal(5, 6))
        draft.fingers[side] = "cup" if draft.chance(0.6) else "fist"
    in_flight = time > 0.31
    draft.lift_m = draft.uniform(0.02, 0.07) * vigour if in_flight else 0.0
    if 0.03 < time < 0.2:
        _flatten_stance_foot(draft)
    draft.action = "sprinting" if vigour > 1.1 else ("running" if vigour > 0.88 else "jogging")


def _flatten_stance_foot(draft: Draft) -> None:
    posed = draft.bones()
    ankle = draft.head_of("foot.L", posed)
    draft.feet = {"left": Foot(ankle, 4.0, 0.0)}
    draft.solve_legs()
    draft.feet = {}
