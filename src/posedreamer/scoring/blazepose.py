"""Does the picture show the people of its label? BlazePose's answer, as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from posedreamer.errors import RecipeError
from posedreamer.estimators.weights import blazepose_files
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.records import Annotation, Picture
from posedreamer.scoring.sight import MAX_PEOPLE, MIN_JOINT_CONFIDENCE, Fit, look

__all__ = ["BlazePoseScorer"]

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
    version = "blazepose-full-0.10.21-2"
    gives = _GIVES

    def __init__(self, *, min_joint_confidence: float = MIN_JOINT_CONFIDENCE, max_people: int = MAX_PEOPLE) -> None:
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

    def _score(self, picture: Picture, label: Annotation) -> Mapping[str, float]:
        sight = look(picture, label, max_people=self._max_people, min_joint_confidence=self._min_joint_confidence)
        scores = {"found": float(sight.is_found), "people_found": float(len(sight.detections))}
        if label.people:
            seen = min(int((person.keypoints_2d[:, 2] == 2).sum()) for person in label.people)
            scores["visible_joints"] = float(seen)
            scores["visible_share"] = seen / len(COCO_17)
        if sight.pairs:
            scores |= _agreement(sight.pairs, sight.label)
        return scores


def _agreement(pairs: Sequence[Fit], label: Annotation) -> dict[str, float]:
    most_mirrored = min(pairs, key=lambda fit: fit.oks - fit.oks_mirrored)
    return {
        "oks": min(fit.oks for fit in pairs),
        "oks_mirrored": most_mirrored.oks_mirrored,
        "mirror_margin": most_mirrored.oks - most_mirrored.oks_mirrored,
        "mask_iou": _mask_iou(pairs, label),
    }


def _mask_iou(pairs: Sequence[Fit], label: Annotation) -> float:
    found = np.any([pair.detection.mask > 0.5 for pair in pairs], axis=0)
    true = np.isin(label.person_id, [pair.person for pair in pairs])
    return float(np.logical_and(found, true).sum() / max(1, int(np.logical_or(found, true).sum())))
