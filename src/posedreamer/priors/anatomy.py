"""Joint angles in anatomical terms (degrees): their names, the ranges of living people, and how they are clamped.

Zero everywhere is the anatomical stance with the palms turned to the thighs: upright, arms hanging, thumbs forward.
Ranges follow the usual clinical tables (active range plus what the ground or a hand can push further).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float

__all__ = [
    "ANGLE_NAMES",
    "HIGH_DEG",
    "LOW_DEG",
    "SIDES",
    "clamp_angles",
    "index_of",
    "mirror_angles",
    "shoulder_elevation_limit_deg",
]

SIDES: Final = ("left", "right")

_TRUNK: Final = {
    "lumbar_flexion": (-25.0, 55.0),
    "lumbar_lateral": (-25.0, 25.0),
    "lumbar_twist": (-15.0, 15.0),
    "thorax_flexion": (-18.0, 30.0),
    "thorax_lateral": (-20.0, 20.0),
    "thorax_twist": (-35.0, 35.0),
    "neck_flexion": (-32.0, 35.0),
    "neck_lateral": (-25.0, 25.0),
    "neck_twist": (-45.0, 45.0),
    "head_flexion": (-25.0, 20.0),
    "head_lateral": (-12.0, 12.0),
    "head_twist": (-32.0, 32.0),
}
"""Forward bend, bend to the person's left, turn to the person's left."""

_LIMB: Final = {
    "clavicle_elevation": (-8.0, 35.0),
    "clavicle_protraction": (-20.0, 25.0),
    "shoulder_plane": (-90.0, 130.0),
    "shoulder_elevation": (0.0, 180.0),
    "shoulder_rotation": (-65.0, 100.0),
    "elbow_flexion": (0.0, 148.0),
    "forearm_pronation": (-85.0, 85.0),
    "wrist_flexion": (-75.0, 75.0),
    "wrist_deviation": (-20.0, 35.0),
    "hip_flexion": (-25.0, 130.0),
    "hip_abduction": (-30.0, 65.0),
    "hip_rotation": (-60.0, 45.0),
    "knee_flexion": (0.0, 155.0),
    "shin_rotation": (-15.0, 15.0),
    "ankle_flexion": (-55.0, 38.0),
    "ankle_inversion": (-22.0, 30.0),
    "toe_extension": (-30.0, 70.0),
}
"""Of either arm and leg. Plane 0 is out to the side, 90 forward; rotation, abduction: inward (medial), outward;
pronation 0 is the thumb forward; wrist flexion to the palm, deviation to the little finger; ankle flexion toes up."""

ANGLE_NAMES: Final = (*_TRUNK, *(f"{side}_{name}" for side in SIDES for name in _LIMB))
"""Order of every vector of anatomical angles in this package."""

_RANGES: Final = (*_TRUNK.values(), *_LIMB.values(), *_LIMB.values())
LOW_DEG: Final = np.array([low for low, _ in _RANGES])
HIGH_DEG: Final = np.array([high for _, high in _RANGES])

_INDEX: Final = {name: position for position, name in enumerate(ANGLE_NAMES)}
_MIDLINE_SIGN: Final = np.array([1.0 if name.endswith("flexion") else -1.0 for name in _TRUNK])
_PLANE_KNOTS: Final = (-90.0, -60.0, -30.0, 0.0, 90.0, 110.0, 130.0)
_ELEVATION_KNOTS: Final = (60.0, 75.0, 120.0, 180.0, 180.0, 140.0, 110.0)


def index_of(name: str) -> int:
    """Position of an angle in the vector; KeyError for an unknown name."""
    return _INDEX[name]


def shoulder_elevation_limit_deg(plane_deg: float) -> float:
    """Highest elevation of the arm in a plane of elevation: full to the side and forward, little behind or across."""
    return float(np.interp(plane_deg, _PLANE_KNOTS, _ELEVATION_KNOTS))


def clamp_angles(angles_deg: Float[np.ndarray, "46"]) -> Float[np.ndarray, "46"]:
    """The nearest angles inside the ranges, coupled where muscles that cross two joints couple them.

    Elevation of the arm depends on its plane; the hip flexes fully only with a bent knee (hamstrings) and stretches
    back only with a knee that is not fully bent (rectus femoris).
    """
    clamped = np.clip(angles_deg, LOW_DEG, HIGH_DEG)
    for side in SIDES:
        plane = clamped[_INDEX[f"{side}_shoulder_plane"]]
        elevation = _INDEX[f"{side}_shoulder_elevation"]
        clamped[elevation] = min(clamped[elevation], shoulder_elevation_limit_deg(plane))
        hip, knee = _INDEX[f"{side}_hip_flexion"], _INDEX[f"{side}_knee_flexion"]
        clamped[hip] = min(clamped[hip], 95.0 + clamped[knee])
        clamped[knee] = min(clamped[knee], 155.0 + min(0.0, 1.6 * clamped[hip]))
    return clamped


def mirror_angles(angles_deg: Float[np.ndarray, "46"]) -> Float[np.ndarray, "46"]:
    """The angles of the mirror image: left and right change places, lateral bends and turns change sign."""
    trunk, limb = len(_TRUNK), len(_LIMB)
    return np.concatenate(
        [angles_deg[:trunk] * _MIDLINE_SIGN, angles_deg[trunk + limb :], angles_deg[trunk : trunk + limb]]
    )
