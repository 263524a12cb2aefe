"""Who in the picture is who of the label: BlazePose's people paired with the label's, for every scorer the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Float64

from posedreamer.estimators.blazepose import Detection
from posedreamer.estimators.memo import people_in
from posedreamer.geometry.keypoints import BLAZEPOSE_33, COCO_17
from posedreamer.geometry.metrics import MIN_OKS_JOINTS, oks_amodal_box
from posedreamer.records import Annotation, PersonAnnotation, Picture
from posedreamer.scoring.fitted import fitted

__all__ = ["MAX_PEOPLE", "MIN_JOINT_CONFIDENCE", "Fit", "Sight", "found_joints", "look"]

MIN_JOINT_CONFIDENCE: Final = 0.3
MAX_PEOPLE: Final = 4

_COCO_ROWS: Final = BLAZEPOSE_33.indices_of(COCO_17.names)
_MIRRORED: Final = COCO_17.mirrored()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How well one detection fits one labelled person; ``person`` is its index in the label."""

    detection: Detection
    person: int
    oks: float
    oks_mirrored: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A picture, its label and the people found in it.

    Attributes:
        picture, label: of one size (``scoring.fitted``).
        detections: everyone found.
        judged: indices of the label's people with at least MIN_OKS_JOINTS visible joints (v = 2).
        pairs: each judged person with one detection; empty unless as many people were found as are judged.
    """

    picture: Picture
    label: Annotation
    detections: tuple[Detection, ...]
    judged: tuple[int, ...]
    pairs: tuple[Fit, ...]

    @property
    def is_found(self) -> bool:
        """As many people are found as are judged, and at least one."""
        return len(self.detections) >= max(1, len(self.judged))


def look(
    picture: Picture,
    label: Annotation,
    *,
    max_people: int = MAX_PEOPLE,
    min_joint_confidence: float = MIN_JOINT_CONFIDENCE,
) -> Sight:
    """The picture as BlazePose sees it; asked again, of the same picture, it is not looked at again.

    BlazePose's detector looks for one main person, so with two or more judged people the landmark model also looks
    into the box of each one's visible pixels, as COCO's top-down protocol does with true boxes. Detections and people
    are paired greedily, best fit (straight or mirrored) first, so a stray detection costs nothing.

    Raises MissingWeightsError when BlazePose's weights are neither cached nor reachable.
    """
    picture, label = fitted(picture, label)
    judged = tuple(index for index, person in enumerate(label.people) if _visible_joints(person) >= MIN_OKS_JOINTS)
    boxes = [label.people[index].bbox_xywh_px for index in judged] if len(judged) > 1 else []
    detections = people_in(picture, max_people, boxes)
    fits = [
        fit
        for index in judged
        for detection in detections
        if (fit := _fit(detection, label.people[index], index, min_joint_confidence)) is not None
    ]
    pairs = _paired(fits) if len(detections) >= max(1, len(judged)) else ()
    return Sight(picture=picture, label=label, detections=detections, judged=judged, pairs=pairs)


def found_joints(
    detection: Detection, min_confidence: float = MIN_JOINT_CONFIDENCE
) -> tuple[Float64[np.ndarray, "17 2"], Bool[np.ndarray, "17"]]:
    """COCO's joints in picture pixels, and which of them the estimator is confident of."""
    confidence: Float[np.ndarray, "33"] = detection.visibility * detection.presence
    return detection.landmarks_px[_COCO_ROWS], confidence[_COCO_ROWS] >= min_confidence


def _visible_joints(person: PersonAnnotation) -> int:
    return int((person.keypoints_2d[:, 2] == 2).sum())


def _fit(detection: Detection, person: PersonAnnotation, index: int, min_confidence: float) -> Fit | None:
    found_px, is_found = found_joints(detection, min_confidence)
    label = person.keypoints_2d.astype(np.float64)
    oks = oks_amodal_box(found_px, is_found, label, person.amodal_bbox_xywh_px)
    mirrored = oks_amodal_box(found_px, is_found, label[_MIRRORED], person.amodal_bbox_xywh_px)
    if oks is None or mirrored is None:
        return None
    return Fit(detection=detection, person=index, oks=oks, oks_mirrored=mirrored)


def _paired(fits: Sequence[Fit]) -> tuple[Fit, ...]:
    """Each person with one detection and each detection with one person, best fit first."""
    pairs: list[Fit] = []
    for fit in sorted(fits, key=lambda fit: -max(fit.oks, fit.oks_mirrored)):
        if all(fit.person != pair.person and fit.detection is not pair.detection for pair in pairs):
            pairs.append(fit)
    return tuple(pairs)
