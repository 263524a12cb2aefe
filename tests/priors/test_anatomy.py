from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posedreamer.priors.anatomy import ANGLE_NAMES, HIGH_DEG, LOW_DEG, clamp_angles, index_of, mirror_angles
from posedreamer.priors.draft import Draft
from posedreamer.priors.joints import JointMap
from posedreamer.priors.limbs import Foot, Hand, unit

seeds = st.integers(0, 2**32 - 1)


def wild(seed: int, share: float) -> np.ndarray:
    middle, half = (HIGH_DEG + LOW_DEG) / 2.0, (HIGH_DEG - LOW_DEG) / 2.0
    return middle + half * share * np.random.default_rng(seed).uniform(-1.0, 1.0, len(middle))


@given(seeds)
def test_clamping_reaches_the_limits_and_then_stays(seed: int) -> None:
    clamped = clamp_angles(wild(seed, 2.5))
    assert (clamped >= LOW_DEG - 1e-9).all()
    assert (clamped <= HIGH_DEG + 1e-9).all()
    np.testing.assert_allclose(clamp_angles(clamped), clamped, atol=1e-9)


@given(seeds)
def test_the_mirror_image_of_the_mirror_image_is_the_pose(seed: int) -> None:
    angles = wild(seed, 0.9)
    np.testing.assert_array_equal(mirror_angles(mirror_angles(angles)), angles)
    np.testing.assert_allclose(mirror_angles(clamp_angles(angles)), clamp_angles(mirror_angles(angles)), atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_angles_come_back_from_rotations(joints: JointMap, seed: int) -> None:
    angles = clamp_angles(wild(seed, 0.95))
    angles[[index_of("left_shoulder_elevation"), index_of("right_shoulder_elevation")]] += 1.0
    np.testing.assert_allclose(joints.angles(joints.rotations(angles)), angles, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_mirrored_angles_give_the_mirrored_body(joints: JointMap, seed: int) -> None:
    angles = wild(seed, 0.9)
    flip = np.array([-1.0, 1.0, 1.0])
    posed = joints.skeleton.posed(joints.rotations(angles), np.zeros(3))
    other = joints.skeleton.posed(joints.rotations(mirror_angles(angles)), np.zeros(3))
    names = joints.skeleton.names
    swapped = [
        names.index(n[:-1] + {"L": "R", "R": "L"}[n[-1]]) if n.endswith((".L", ".R")) else k
        for k, n in enumerate(names)
    ]
    np.testing.assert_allclose(other.heads_m[swapped], posed.heads_m * flip, atol=2.5e-3)


@pytest.mark.parametrize(
    ("angle", "value", "moved", "axis", "sign"),
    [
        ("left_knee_flexion", 90.0, "foot.L", 1, 1.0),
        ("left_hip_flexion", 60.0, "lowerleg01.L", 1, -1.0),
        ("left_hip_abduction", 40.0, "lowerleg01.L", 0, 1.0),
        ("right_hip_abduction", 40.0, "lowerleg01.R", 0, -1.0),
        ("left_elbow_flexion", 90.0, "wrist.L", 1, -1.0),
        ("left_shoulder_elevation", 90.0, "wrist.L", 0, 1.0),
        ("right_shoulder_elevation", 90.0, "wrist.R", 2, 1.0),
        ("left_clavicle_elevation", 25.0, "upperarm01.L", 2, 1.0),
        ("lumbar_flexion", 40.0, "head", 1, -1.0),
        ("thorax_lateral", 20.0, "head", 0, 1.0),
        ("left_ankle_flexion", -40.0, "toe2-1.L", 2, -1.0),
        ("left_wrist_flexion", 60.0, "finger3-1.L", 0, -1.0),
    ],
)
def test_angles_move_the_body_the_way_their_names_say(
    joints: JointMap, angle: str, value: float, moved: str, axis: int, sign: float
) -> None:
    straight = np.zeros(len(ANGLE_NAMES))
    bent = straight.copy()
    bent[index_of(angle)] = value
    row = joints.skeleton.index(moved)
    before, after = (joints.skeleton.posed(joints.rotations(a), np.zeros(3)).heads_m[row] for a in (straight, bent))
    assert sign * (after - before)[axis] > 0.02


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_a_reachable_foot_is_reached_with_a_level_sole(draft_of: Callable[[], Draft], seed: int) -> None:
    draft = draft_of()
    rng = np.random.default_rng(seed)
    side = "left" if seed % 2 else "right"
    sign = 1.0 if side == "left" else -1.0
    ankle = np.array([sign * rng.uniform(0.05, 0.3), rng.uniform(-0.3, 0.25), rng.uniform(-0.68, -0.5)])
    draft.feet = {side: Foot(ankle, sign * rng.uniform(0.0, 20.0))}
    draft.solve()
    posed = draft.bones()
    letter = side[0].upper()
    assert np.linalg.norm(draft.head_of(f"foot.{letter}", posed) - ankle) < 8e-3
    assert posed.rotations[draft.skeleton.index(f"foot.{letter}")][2, 2] > np.cos(np.radians(0.5))


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_a_reachable_hand_is_reached(draft_of: Callable[[], Draft], seed: int) -> None:
    draft = draft_of()
    rng = np.random.default_rng(seed)
    target = np.array([rng.uniform(0.05, 0.35), rng.uniform(-0.42, -0.25), rng.uniform(0.15, 0.5)])
    draft.hands = {"left": Hand(target, unit(0.5, 0.3, -1.0), unit(-1.0, 0.0, 0.0))}
    draft.solve()
    draft.solve()
    assert np.linalg.norm(draft.head_of("wrist.L") - target) < 0.02


def test_an_unknown_angle_is_an_error(draft: Draft) -> None:
    with pytest.raises(KeyError, match="left_knee_bend"):
        draft.set(left_knee_bend=3.0)
