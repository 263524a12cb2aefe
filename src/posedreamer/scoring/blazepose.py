"""Does the picture show the people of its label? BlazePose's answer, as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Float64

from posedreamer.errors import RecipeError
from posedreamer.estimators.blazepose import BlazePose, Detection
from posedreamer.estimators.weights import blazepose_files
from posedreamer.geometry.keypoints import BLAZEPOSE_33, COCO_17
from posedreamer.geometry.metrics import MIN_OKS_JOINTS, oks_amodal_box
from posedreamer.records import Annotation, PersonAnnotation, Picture

__all__ = ["BlazePoseScorer"]

_COCO_ROWS: Final = BLAZEPOSE_33.indices_of(COCO_17.names)
_MIRRORED: Final = COCO_17.mirrored()
_GIVES: Final = (
    *("found", "people_found", "visible_share", "visible_joints"),
    *("oks", "oks_mirrored", "mirror_margin", "mask_iou"),
)


class BlazePoseScorer:
    """Scores pictures with BlazePose (trained on photos of real people by others).

    Numbers; a person is judged when at least MIN_OKS_JOINTS of their label joints are visible (v = 2):

    - ``found``: 1 when as many people are detected as are judged, and at least one; else 0.
    - ``people_found``: how many people are detected.
    - ``visible_joints``, ``visible_share``: visible label joints of the least visible person, count and share of 17.
    - ``oks``: similarity of the judged person that fits worst. Detections and people are paired greedily, best fit
      (straight or mirrored) first, so a stray detection costs nothing and a missing one makes ``found`` 0.
      BlazePose's detector looks for one main person, so with two or more judged people the landmark model also looks
      into the box of each one's visible pixels, as COCO's top-down protocol does with true boxes.
    - ``oks_mirrored``: the same against the label with left and right swapped, of the judged person for whom that
      fits best compared with the straight label; ``mirror_margin``: straight minus mirrored for that person.
      Below 0 the picture shows the mirrored person; near 0 left and right coincide, as in a view from the side.
    - ``mask_iou``: overlap of the paired people's masks with the visible pixels of the judged people.

    The last four are absent when ``found`` is 0 or nobody is judged; the visibility ones when the label is empty.
    """

    name = "blazepose"
    version = "blazepose-full-0.10.21-1"
    gives = _GIVES

    def __init__(self, *, min_joint_confidence: float = 0.3, max_people: int = 4) -> None:
        """Keep the options; the estimator is made at the first picture.

        Args:
            min_joint_confidence: estimator joints whose visibility times presence is below this count as misses.
                Measured on shaded bodies at 256 px (200 pictures, a limb covered in each): 0.3 calls 36 % of covered
                joints a miss and 2 % of those in plain view; 0.2: 26 % and 1 %; 0.5: 51 % and 4 %. Each step of 0.1
                costs true studio labels of upright people about 0.8 points of OKS > 0.8 (271 pictures).
            max_people: the detector's boxes that are looked at, best first.

        Raises RecipeError for options out of range.
        """
        if not 0.0 <= min_joint_confidence <= 1.0 or max_people < 1:
            raise RecipeError(
                f"scorer blazepose: found min_joint_confidence={min_joint_confidence}, max_people={max_people}; "
                "expected a confidence within [0, 1] and at least one person"
            )
        self._min_joint_confidence = min_joint_confidence
        self._max_people = max_people

    def fetch(self) -> None:
        """BlazePose's weights are on this machine afterwards; MissingWeightsError otherwise."""
        blazepose_files()

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order.

        Raises MissingWeightsError when BlazePose's weights are neither cached nor reachable.
        """
        return [self._score(picture, label) for picture, label in zip(pictures, annotations, strict=True)]

    @cached_property
    def _estimator(self) -> BlazePose:
        return BlazePose()

    def _score(self, picture: Picture, label: Annotation) -> Mapping[str, float]:
        seen = [_visible_joints(person) for person in label.people]
        judged = [index for index, count in enumerate(seen) if count >= MIN_OKS_JOINTS]
        boxes = [label.people[index].bbox_xywh_px for index in judged] if len(judged) > 1 else []
        detections = self._estimator.detect(picture, self._max_people, boxes)
        is_found = len(detections) >= max(1, len(judged))
        scores = {"found": float(is_found), "people_found": float(len(detections))}
        if seen:
            scores["visible_joints"] = float(min(seen))
            scores["visible_share"] = min(seen) / len(COCO_17)
        if is_found and judged:
            scores |= self._agreement(detections, label, judged)
        return scores

    def _agreement(self, detections: Sequence[Detection], label: Annotation, judged: list[int]) -> dict[str, float]:
        fits = [
            fit
            for index in judged
            for detection in detections
            if (fit := _fit(detection, label.people[index], index, self._min_joint_confidence)) is not None
        ]
        pairs = _paired(fits)
        most_mirrored = min(pairs, key=lambda fit: fit.oks - fit.oks_mirrored)
        return {
            "oks": min(fit.oks for fit in pairs),
            "oks_mirrored": most_mirrored.oks_mirrored,
            "mirror_margin": most_mirrored.oks - most_mirrored.oks_mirrored,
            "mask_iou": _mask_iou(pairs, label),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """How well one detection fits one labelled person."""

    detection: Detection
    person: int
    oks: float
    oks_mirrored: float


def _visible_joints(person: PersonAnnotation) -> int:
    return int((person.keypoints_2d[:, 2] == 2).sum())


def _fit(detection: Detection, person: PersonAnnotation, index: int, min_confidence: float) -> _Fit | None:
    found_px, is_found = _coco(detection, min_confidence)
    label = person.keypoints_2d.astype(np.float64)
    oks = oks_amodal_box(found_px, is_found, label, person.amodal_bbox_xywh_px)
    mirrored = oks_amodal_box(found_px, is_found, label[_MIRRORED], person.amodal_bbox_xywh_px)
    if oks is None or mirrored is None:
        return None
    return _Fit(detection=detection, person=index, oks=oks, oks_mirrored=mirrored)


def _coco(detection: Detection, min_confidence: float) -> tuple[Float64[np.ndarray, "17 2"], Bool[np.ndarray, "17"]]:
    confidence: Float[np.ndarray, "33"] = detection.visibility * detection.presence
    return detection.landmarks_px[_COCO_ROWS], confidence[_COCO_ROWS] >= min_confidence


def _paired(fits: Sequence[_Fit]) -> list[_Fit]:
    """Each person with one detection and each detection with one person, best fit first."""
    pairs: list[_Fit] = []
    for fit in sorted(fits, key=lambda fit: -max(fit.oks, fit.oks_mirrored)):
        if all(fit.person != pair.person and fit.detection is not pair.detection for pair in pairs):
            pairs.append(fit)
    return pairs


def _mask_iou(pairs: Sequence[_Fit], label: Annotation) -> float:
    found = np.any([pair.detection.mask > 0.5 for pair in pairs], axis=0)
    true = np.isin(label.person_id, [pair.person for pair in pairs])
    return float(np.logical_and(found, true).sum() / max(1, int(np.logical_or(found, true).sum())))
