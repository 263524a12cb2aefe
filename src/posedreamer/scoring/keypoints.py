"""Where does the picture leave its label? The worst limb and the error of each part of the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64

from posedreamer.estimators.weights import blazepose_files
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.geometry.metrics import errors_over_diagonal
from posedreamer.records import Annotation, Picture
from posedreamer.scoring.sight import Fit, found_joints, look

__all__ = ["PARTS", "KeypointScorer"]

PARTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "head": ("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
        "torso": ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
        "left_arm": ("left_elbow", "left_wrist"),
        "right_arm": ("right_elbow", "right_wrist"),
        "left_leg": ("left_knee", "left_ankle"),
        "right_leg": ("right_knee", "right_ankle"),
    }
)
"""Parts of the body and their joints in COCO's names; shoulders and hips belong to the torso."""

_ROWS: Final = {part: COCO_17.indices_of(names) for part, names in PARTS.items()}
_LIMBS: Final = ("left_arm", "right_arm", "left_leg", "right_leg")


class KeypointScorer:
    """Errors of BlazePose's joints against the label's, in diagonals of the person's amodal box.

    Over joints that the label shows (v = 2), of the judged person for whom each number is largest:

    - ``error_head``, ``error_torso``, ``error_left_arm``, ...: mean of the part's joints; absent where none is shown.
    - ``worst_limb``: the largest of the arms' and legs' errors. A mean over all joints, as OKS is, forgives one limb
      that is far off; this does not.
    - ``worst_limb_sure``: the same over joints the estimator is confident of. It is steadier, and blind to a limb that
      the picture does not show at all.
    - ``worst_joint``: the largest error of a single joint.

    On 114 exact studio pictures of upright people 5 % of ``worst_limb`` are above 0.092, of ``worst_limb_sure`` above
    0.062; there they find 84 % and 95 % of limbs that are 0.1 of the diagonal off, 99 % and 96 % of those 0.2 off. Over
    sqrt(area) with COCO's constants the first would find 49 % of the former.

    All are absent where BlazePose's ``found`` is 0 or nobody is judged.
    """

    name = "keypoints"
    version = "blazepose-full-0.10.21-1"
    gives = (*(f"error_{part}" for part in PARTS), "worst_limb", "worst_limb_sure", "worst_joint")

    def fetch(self) -> None:
        """BlazePose's weights are on this machine afterwards; MissingWeightsError otherwise."""
        blazepose_files()

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order. Raises MissingWeightsError as BlazePose does."""
        return [_scores(picture, label) for picture, label in zip(pictures, annotations, strict=True)]


def _scores(picture: Picture, label: Annotation) -> Mapping[str, float]:
    sight = look(picture, label)
    worst: dict[str, float] = {}
    for pair in sight.pairs:
        for name, value in _errors_of(pair, sight.label).items():
            worst[name] = max(value, worst.get(name, 0.0))
    return worst


def _errors_of(pair: Fit, label: Annotation) -> dict[str, float]:
    person = label.people[pair.person]
    found_px, is_sure = found_joints(pair.detection)
    xyv = person.keypoints_2d.astype(np.float64)
    errors = errors_over_diagonal(found_px, xyv[:, :2], person.amodal_bbox_xywh_px)
    is_shown = xyv[:, 2] == 2
    parts = _parts(errors, is_shown)
    scores = {f"error_{part}": value for part, value in parts.items()}
    if limbs := [parts[part] for part in _LIMBS if part in parts]:
        scores["worst_limb"] = max(limbs)
    sure = _parts(errors, is_shown & is_sure)
    if limbs := [sure[part] for part in _LIMBS if part in sure]:
        scores["worst_limb_sure"] = max(limbs)
    scores["worst_joint"] = float(errors[is_shown].max())
    return scores


def _parts(errors: Float64[np.ndarray, "17"], counts: Bool[np.ndarray, "17"]) -> dict[str, float]:
    return {part: float(errors[rows][counts[rows]].mean()) for part, rows in _ROWS.items() if counts[rows].any()}
