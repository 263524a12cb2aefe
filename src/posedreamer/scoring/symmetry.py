"""Does the picture show the person the right way round? Left against right, limb by limb, and face against back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Int64

from posedreamer.estimators.faces import face_of
from posedreamer.estimators.weights import blazepose_files, face_mesh_file
from posedreamer.geometry.heads import facing_deg
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.geometry.metrics import average_precision, similarity_per_joint
from posedreamer.records import Annotation, PersonAnnotation, Picture
from posedreamer.scoring.sight import Fit, Sight, found_joints, look

__all__ = ["SymmetryScorer"]

_MIRRORED: Final = COCO_17.mirrored()
_SIDED: Final = np.flatnonzero(np.arange(len(COCO_17)) != _MIRRORED)
_ARMS: Final = COCO_17.indices_of(("left_elbow", "right_elbow", "left_wrist", "right_wrist"))
_LEGS: Final = COCO_17.indices_of(("left_knee", "right_knee", "left_ankle", "right_ankle"))
_MIN_JOINTS: Final = 2
_TOWARDS_DEG, _AWAY_DEG = 40.0, 110.0
_MIN_FACE_PX: Final = 12.0


class SymmetryScorer:
    """Left and right joints against the label straight and with its sides swapped, as in Pose++; face against back.

    Over joints that come in pairs and that the label shows (v = 2), of the judged person for whom each number is worst:

    - ``pair_ap``, ``pair_ap_swapped``: AP of the person's similarity (OKS over these joints) straight and swapped.
    - ``pair_margin``: similarity straight minus swapped, in [-1, 1]. Below 0 the picture shows the mirrored person.
    - ``arms_margin``, ``legs_margin``: the same over elbows and wrists, over knees and ankles: a limb pair that is
      crossed the wrong way. Absent where fewer than two of the four joints are shown. Near 0 where left and right
      coincide, as in a view from the side, so only clearly negative margins say something.
    - ``face_on_back``: how sure the face mesh is, in [0, 1], that there is a face where the label's head looks away
      from the camera (more than 110 degrees); absent otherwise.
    - ``face_missing``: how sure it is that there is none where the label's head looks at the camera (less than 40
      degrees, nose in view); absent otherwise, and for faces below 12 px.

    On exact studio pictures no ``face_on_back`` of 55 is above 0.05; small, dark or covered faces make ``face_missing``
    exceed 0.8 in one of eight. All are absent where BlazePose's ``found`` is 0 or nobody is judged.
    """

    name = "symmetry"
    version = "blazepose-full-face-mesh-0.10.21-1"
    gives = (
        *("pair_ap", "pair_ap_swapped", "pair_margin", "arms_margin", "legs_margin"),
        *("face_on_back", "face_missing"),
    )

    def fetch(self) -> None:
        """The weights of BlazePose and the face mesh are on this machine afterwards; MissingWeightsError otherwise."""
        blazepose_files()
        face_mesh_file()

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order. Raises MissingWeightsError as BlazePose does."""
        return [_scores(picture, label) for picture, label in zip(pictures, annotations, strict=True)]


def _scores(picture: Picture, label: Annotation) -> Mapping[str, float]:
    sight = look(picture, label)
    worst: dict[str, float] = {}
    for pair in sight.pairs:
        person = sight.label.people[pair.person]
        for name, value in (_sides(pair, person) | _facing(sight, pair, person)).items():
            is_worse = max if name in ("face_on_back", "face_missing", "pair_ap_swapped") else min
            worst[name] = is_worse(value, worst.get(name, value))
    return worst


def _sides(pair: Fit, person: PersonAnnotation) -> dict[str, float]:
    scores: dict[str, float] = {}
    whole = _straight_and_swapped(pair, person, _SIDED)
    if whole is not None:
        straight, swapped = whole
        scores["pair_ap"] = average_precision(straight)
        scores["pair_ap_swapped"] = average_precision(swapped)
        scores["pair_margin"] = straight - swapped
    for name, rows in (("arms_margin", _ARMS), ("legs_margin", _LEGS)):
        limbs = _straight_and_swapped(pair, person, rows)
        if limbs is not None:
            scores[name] = limbs[0] - limbs[1]
    return scores


def _straight_and_swapped(
    pair: Fit, person: PersonAnnotation, rows: Int64[np.ndarray, " n"]
) -> tuple[float, float] | None:
    xyv = person.keypoints_2d.astype(np.float64)
    shown = rows[xyv[rows, 2] == 2]
    if shown.size < _MIN_JOINTS:
        return None
    area_px2 = max(1.0, float(person.amodal_bbox_xywh_px[2] * person.amodal_bbox_xywh_px[3]))
    found_px, is_sure = found_joints(pair.detection)
    straight = similarity_per_joint(found_px, xyv[:, :2], area_px2) * is_sure
    swapped = similarity_per_joint(found_px[_MIRRORED], xyv[:, :2], area_px2) * is_sure[_MIRRORED]
    return float(straight[shown].mean()), float(swapped[shown].mean())


def _facing(sight: Sight, pair: Fit, person: PersonAnnotation) -> dict[str, float]:
    away_deg = facing_deg(person.keypoints_3d_cam_m.astype(np.float64))
    if away_deg is None:
        return {}
    if away_deg > _AWAY_DEG:
        return {"face_on_back": face_of(sight.picture, pair.detection).score}
    is_in_view = person.keypoints_2d[COCO_17.index("nose"), 2] == 2
    if away_deg < _TOWARDS_DEG and is_in_view:
        face = face_of(sight.picture, pair.detection)
        if face.size_px >= _MIN_FACE_PX:
            return {"face_missing": 1.0 - face.score}
    return {}
