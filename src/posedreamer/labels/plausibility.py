"""Does a recorded motion bend like a person: knees fold backwards, whatever the sport."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float

from posedreamer.bodies.retarget import RestSkeleton

__all__ = ["IMPLAUSIBLE_SHARE", "implausible_knee_share"]

IMPLAUSIBLE_SHARE: Final = 0.2
"""A clip with a knee bent the wrong way in more of its frames than this is warned of."""

_FORWARD_DEG: Final = 25.0
_SIDEWAYS_DEG: Final = 40.0


def implausible_knee_share(rest: RestSkeleton, rotations: Float[np.ndarray, "t r 3 3"]) -> float:
    """Share of frames in which a knee bends forward by over 25 or sideways by over 40 degrees.

    Takes what ``bodies.retarget.retarget`` takes. Each shank's direction is read in its thigh's rest frame (z up,
    facing -y). Files whose motion columns do not follow their hierarchy give themselves away here.
    """
    is_wrong = np.zeros(len(rotations), dtype=np.bool_)
    for side in ("left", "right"):
        thigh, shank = (rotations[:, rest.roles.index(f"{side}_{part}")] for part in ("thigh", "shank"))
        direction: Float[np.ndarray, "t 3"] = np.swapaxes(thigh, 1, 2) @ shank @ rest.directions[f"{side}_shank"]
        is_wrong |= -direction[:, 1] > np.sin(np.deg2rad(_FORWARD_DEG))
        is_wrong |= np.abs(direction[:, 0]) > np.sin(np.deg2rad(_SIDEWAYS_DEG))
    return float(is_wrong.mean())
