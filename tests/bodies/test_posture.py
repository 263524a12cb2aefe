from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posedreamer.bodies.anny import AnnyBody
from posedreamer.bodies.posture import posture
from posedreamer.errors import InputError
from posedreamer.geometry.keypoints import BODY_65
from posedreamer.geometry.rotations import matrix_from_axis_angle

SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")


def _keypoints(body: AnnyBody, pitch_deg: float, turns: dict[str, float]) -> np.ndarray:
    parameters = body.neutral(1)
    parameters["global_orient"][0, 0] = np.radians(pitch_deg)  # about +x: leans forward, towards -y
    entries = body.spec.parameter("body_pose").entries
    for bone, degrees in turns.items():
        parameters["body_pose"][0, entries.index(bone), 0] = np.radians(degrees)
    return body.pose(parameters).keypoints_m[0].numpy()


@pytest.mark.parametrize(
    ("pitch_deg", "turns", "expected"),
    [
        (0, {}, "upright"),
        (0, {"upperleg01.L": -90, "upperleg01.R": -90, "lowerleg01.L": 90, "lowerleg01.R": 90}, "upright"),  # sitting
        (30, {"upperleg01.L": -120, "upperleg01.R": -120}, "upright"),  # squatting, leaning forward
        (90, {}, "floor"),  # prone
        (-90, {}, "floor"),  # supine
        (75, {"upperleg01.L": -80, "upperleg01.R": -80}, "floor"),  # all fours
        (180, {}, "inverted"),  # handstand
        # folded forward from the hips, hands to the floor
        (90, {"upperleg01.L": -90, "upperleg01.R": -90, **dict.fromkeys(SPINE, 15.0)}, "inverted"),
    ],
)
def test_named_poses(body: AnnyBody, pitch_deg: float, turns: dict[str, float], expected: str) -> None:
    assert posture(_keypoints(body, pitch_deg, turns)) == expected


@given(angle=st.floats(0, 180), yaw=st.floats(-np.pi, np.pi), scale=st.floats(0.1, 10), shift=st.floats(-100, 100))
def test_only_the_trunks_angle_to_the_vertical_counts(angle: float, yaw: float, scale: float, shift: float) -> None:
    points = np.zeros((65, 3))
    points[BODY_65.index("left_shoulder")] = [0.2, 0, 0.5]
    points[BODY_65.index("right_shoulder")] = [-0.2, 0, 0.5]
    points[BODY_65.index("left_hip")] = [0.1, 0, 0]
    points[BODY_65.index("right_hip")] = [-0.1, 0, 0]
    turn = matrix_from_axis_angle(np.array([0, 0, yaw])) @ matrix_from_axis_angle(np.array([np.radians(angle), 0, 0]))
    found = posture(points @ turn.T * scale + shift)
    if min(abs(angle - 50), abs(angle - 110)) > 1e-3:
        assert found == ("upright" if angle < 50 else "floor" if angle < 110 else "inverted")


def test_a_trunk_without_length_or_number_is_refused() -> None:
    with pytest.raises(InputError, match="expected a finite length"):
        posture(np.zeros((65, 3)))
    with pytest.raises(InputError, match="expected a finite length"):
        posture(np.full((65, 3), np.nan))
