"""Which way is up, and where the body faces: read off a rest pose, and off the motion where the two disagree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64

from posedreamer.errors import InputError
from posedreamer.geometry.rotations import shortest_turn

__all__ = ["body_axes", "named_axis", "world_axes"]

_SNAP_UP_DEG = 30.0
_SNAP_LEFT_DEG = 15.0
_UPRIGHT_DEG = 60.0


def body_axes(rest: Mapping[str, Float64[np.ndarray, "3"]]) -> Float64[np.ndarray, "3 3"]:
    """The rotation from file axes to the body frame (z up, facing -y, left at +x), from rest positions by role.

    Up runs from the ankles (or knees) to the shoulders, left along hips and shoulders; both snap to the file's nearest
    axis. A foot that points backwards means that left and right are swapped or the file is mirrored.

    Raises InputError when no left or no up can be told, when legs and trunk do not form a line (a four-legged animal),
    or when the feet point backwards.
    """
    hips = (rest["left_thigh"] + rest["right_thigh"]) / 2
    shoulders = (rest["left_upperarm"] + rest["right_upperarm"]) / 2
    low = "foot" if "left_foot" in rest and "right_foot" in rest else "shank"
    soles = (rest[f"left_{low}"] + rest[f"right_{low}"]) / 2
    trunk, legs = shoulders - hips, hips - soles
    reach = float(np.linalg.norm(trunk) * np.linalg.norm(legs))
    if reach <= 0.0:
        raise InputError(
            "the rest pose has no height: hips, shoulders and feet lie in one point; expected bone offsets"
        )
    if float(trunk @ legs) / reach < 0.5:
        angle = np.degrees(np.arccos(np.clip(float(trunk @ legs) / reach, -1.0, 1.0)))
        raise InputError(
            f"the rest pose is not a standing human: trunk and legs meet at {180 - angle:.0f} degrees, expected nearly "
            "180 (a four-legged animal has about 90)"
        )
    up = _snapped(shoulders - soles, _SNAP_UP_DEG)
    across = (rest["left_thigh"] - rest["right_thigh"]) + (rest["left_upperarm"] - rest["right_upperarm"])
    across = across - (across @ up) * up
    if float(np.linalg.norm(across)) < 1e-3 * float(np.linalg.norm(trunk)):
        raise InputError(
            "the rest pose has no width: left and right hips and shoulders coincide; expected bone offsets"
        )
    left = _snapped(across, _SNAP_LEFT_DEG)
    left = _unit(left - (left @ up) * up)
    axes = np.stack([left, np.cross(up, left), up])
    _check_feet(rest, axes)
    return axes


def world_axes(
    body_from_file: Float64[np.ndarray, "3 3"],
    trunk_directions: Float64[np.ndarray, "t 3"],
    leg_directions: Float64[np.ndarray, "t 3"],
    pelvis_legs: Float64[np.ndarray, "t 3"],
) -> Float64[np.ndarray, "3 3"]:
    """The rotation that brings the file's world axes into ours (z up): the rest pose's own, unless the motion objects.

    A file may show its skeleton lying along one axis and then move it upright along another. That is believed when the
    trunk points away from the rest pose's up (by 60 degrees) all the time, the legs are in line with it, and the pelvis
    stays a leg's length above zero along that direction; someone who lies or crawls fails the last test.

    ``trunk_directions`` and ``leg_directions`` (hips to shoulders, ankles to hips) are unit vectors in file axes;
    ``pelvis_legs`` is the pelvis' position in lengths of the leg.
    """
    up = body_from_file[2]
    mean = trunk_directions.mean(axis=0)
    if float(np.linalg.norm(mean)) < 0.9 or float(_unit(mean) @ up) > np.cos(np.deg2rad(_UPRIGHT_DEG)):
        return body_from_file
    other = _snapped(mean, 45.0)
    is_straight = float(np.median(leg_directions @ other)) > np.cos(np.deg2rad(40.0))
    height = pelvis_legs @ other
    is_standing = 0.7 < float(np.median(height)) < 1.35 and float(height.std()) < 0.15
    low = pelvis_legs @ up
    is_lying = 0.03 < float(np.median(low)) < 0.4 and float(low.std()) < 0.1
    if not is_straight or not is_standing or is_lying:
        return body_from_file
    return body_from_file @ shortest_turn(other, up)


def named_axis(name: str) -> Float64[np.ndarray, "3"]:
    """The direction "+x", "-y", "z" ...

    Raises InputError for another word.
    """
    sign, axis = (-1.0 if name.startswith("-") else 1.0), name.lower().lstrip("+-")
    if axis not in ("x", "y", "z"):
        raise InputError(f"up axis {name!r}: expected auto, x, y, z, or one of them with a sign, such as +y")
    return sign * np.eye(3)["xyz".index(axis)]


def _check_feet(rest: Mapping[str, Float64[np.ndarray, "3"]], axes: Float64[np.ndarray, "3 3"]) -> None:
    for side in ("left", "right"):
        foot, toe = rest.get(f"{side}_foot"), rest.get(f"{side}_toe")
        if foot is None or toe is None or float(np.linalg.norm(toe - foot)) <= 0.0:
            continue
        if float(_unit(toe - foot) @ axes[1]) > 0.5:
            raise InputError(
                f"the {side} toes point backwards when left and right are taken from the joint names; expected a file "
                "that is not mirrored. Swap left and right in its names"
            )


def _snapped(direction: Float64[np.ndarray, "3"], within_deg: float) -> Float64[np.ndarray, "3"]:
    unit = _unit(direction)
    k = int(np.argmax(np.abs(unit)))
    if abs(unit[k]) < np.cos(np.deg2rad(within_deg)):
        return unit
    return np.sign(unit[k]) * np.eye(3)[k]


def _unit(vector: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3"]:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)
