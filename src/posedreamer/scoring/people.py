"""How many people the picture shows, against its label's list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from posedreamer.estimators.crowd import count_people
from posedreamer.estimators.weights import blazepose_files
from posedreamer.geometry.metrics import MIN_OKS_JOINTS
from posedreamer.records import Annotation, Picture
from posedreamer.scoring.fitted import fitted

__all__ = ["PeopleScorer"]


class PeopleScorer:
    """Counts people without asking the label where they are (``estimators.crowd``), then compares.

    - ``people_counted``: people in the picture.
    - ``people_extra``: how many more than the label has people with visible pixels; 0 when there are not more.
    - ``people_missing``: how many fewer than the label has people with at least MIN_OKS_JOINTS visible joints; 0 when
      there are not fewer.

    Between the two lie people of whom little is seen: they may be counted or not. BlazePose's ``people_found`` looks
    where the label says; this does not, so it also sees people whom the label lacks.
    """

    name = "people"
    version = "blazepose-full-0.10.21-2"
    gives = ("people_counted", "people_extra", "people_missing")

    def fetch(self) -> None:
        """BlazePose's weights are on this machine afterwards; MissingWeightsError otherwise."""
        blazepose_files()

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order. Raises MissingWeightsError as BlazePose does."""
        return [_scores(picture, label) for picture, label in zip(pictures, annotations, strict=True)]


def _scores(picture: Picture, label: Annotation) -> Mapping[str, float]:
    picture, label = fitted(picture, label)
    counted = count_people(picture)
    seen = sum(person.visible_px > 0 for person in label.people)
    clear = sum(int((person.keypoints_2d[:, 2] == 2).sum()) >= MIN_OKS_JOINTS for person in label.people)
    return {
        "people_counted": float(counted),
        "people_extra": float(max(0, counted - seen)),
        "people_missing": float(max(0, clear - counted)),
    }
