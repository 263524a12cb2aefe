"""Move arms out of the body by a little: a short random descent on shoulder and elbow of the arms at fault."""

from __future__ import annotations

from typing import Final

import numpy as np

from posedreamer.priors.anatomy import SIDES, clamp_angles, index_of
from posedreamer.priors.draft import Draft

__all__ = ["untangle"]

_ARM: Final = ("shoulder_plane", "shoulder_elevation", "shoulder_rotation", "elbow_flexion")
_ROWS: Final = {side: np.array([index_of(f"{side}_{name}") for name in _ARM]) for side in SIDES}
_STEPS: Final = 24
_SPREAD_DEG: Final = (3.0, 9.0)
"""Steps grow from the first to the second while nothing better is found."""


def untangle(draft: Draft, tolerated_m: float) -> float:
    """Lower the overlap below ``tolerated_m`` by turning arms, if few small turns do; returns what is left, metres.

    Changes ``draft.angles`` and nothing else; a pose without overlap is left as it is.
    """
    overlaps = draft.bulk.overlaps(draft.bones())
    worst = max(overlaps.values(), default=0.0)
    parts = {part for pair, depth in overlaps.items() if depth > tolerated_m for part in pair}
    at_fault = [side for side in SIDES if {f"{side}_forearm", f"{side}_hand", f"{side}_upper_arm"} & parts]
    if worst <= tolerated_m or not at_fault:
        return worst
    rows = np.concatenate([_ROWS[side] for side in at_fault])
    total = sum(overlaps.values())
    for step in range(_STEPS):
        before = draft.angles
        spread = np.interp(step, (0, _STEPS - 1), _SPREAD_DEG)
        moved = before.copy()
        moved[rows] += draft.rng.standard_normal(len(rows)) * spread
        draft.angles = clamp_angles(moved)
        overlaps = draft.bulk.overlaps(draft.bones())
        if sum(overlaps.values()) < total:
            total = sum(overlaps.values())
            worst = max(overlaps.values(), default=0.0)
            if worst <= tolerated_m:
                break
        else:
            draft.angles = before
    return worst
