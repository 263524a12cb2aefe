"""Do two estimators agree? Another pose estimator beside BlazePose, so that neither one's errors decide alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from posedreamer.errors import RecipeError
from posedreamer.estimators.blazepose import Detection
from posedreamer.estimators.onnx_pose import OnnxPose
from posedreamer.estimators.pretrained import named
from posedreamer.estimators.top_down import PoseEstimator, SeenPerson
from posedreamer.estimators.vitpose import VitPose
from posedreamer.estimators.weights import blazepose_files
from posedreamer.geometry.metrics import oks_amodal_box
from posedreamer.records import Annotation, PersonAnnotation, Picture
from posedreamer.scoring.sight import MIN_JOINT_CONFIDENCE, found_joints, look

__all__ = ["AgreementScorer"]


class AgreementScorer:
    """Scores people with a second estimator, and how far it and BlazePose see the same joints.

    Of the judged person for whom each is lowest:

    - ``oks_second``: OKS of the second estimator's joints against the label, as ``oks`` is of BlazePose's.
    - ``oks_best``: the higher of the two estimators' OKS: a picture that either can read is not at fault.
    - ``agreement``: OKS between the two over the label's visible joints, joints that the second is not sure of being
      misses. Where it is low, neither number says much.

    Absent where BlazePose's ``found`` is 0, nobody is judged, or the second estimator sees nobody.
    """

    name = "agreement"
    gives = ("oks_second", "oks_best", "agreement")

    def __init__(self, *, model: str, detector: str = "", min_joint_confidence: float = MIN_JOINT_CONFIDENCE) -> None:
        """Keep the options; models are loaded at the first picture.

        Args:
            model: a file that ends in ".onnx" (extra ``onnx``), or a ViTPose (``vitpose``): "owner/name@commit" on the
                hub or a folder.
            detector: a detector of the RT-DETR family, named likewise, for ViTPose; otherwise the second estimator
                looks where BlazePose found somebody.
            min_joint_confidence: joints of which the second estimator is less sure are misses.

        Raises RecipeError for options that do not fit.
        """
        is_onnx = model.endswith(".onnx")
        if not model or (is_onnx and detector) or not 0.0 <= min_joint_confidence <= 1.0:
            raise RecipeError(
                f"scorer agreement: found model={model!r}, detector={detector!r}, "
                f"min_joint_confidence={min_joint_confidence}; expected a model, a detector with ViTPose alone, and a "
                "confidence within [0, 1]"
            )
        if not is_onnx:
            for each in filter(None, (model, detector)):
                named(each, "scorer agreement")
        self._second: PoseEstimator = OnnxPose(Path(model)) if is_onnx else VitPose(model, detector)
        self._min_confidence = min_joint_confidence

    @cached_property
    def version(self) -> str:
        """Names both estimators."""
        return f"blazepose-full-0.10.21-1 {self._second.version}"

    def fetch(self) -> None:
        """Both estimators' weights are on this machine afterwards. Raises MissingWeightsError, MissingExtraError."""
        blazepose_files()
        self._second.fetch()

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order. Raises as ``fetch``, and InputError for a model of another kind."""
        return [self._score(picture, label) for picture, label in zip(pictures, annotations, strict=True)]

    def _score(self, picture: Picture, label: Annotation) -> Mapping[str, float]:
        sight = look(picture, label)
        if not sight.pairs:
            return {}
        seen = self._second.people(sight.picture, [_box_of(pair.detection) for pair in sight.pairs])
        if not seen:
            return {}
        lowest: dict[str, float] = {}
        for pair in sight.pairs:
            person = sight.label.people[pair.person]
            for name, value in self._compared(pair.oks, pair.detection, person, seen).items():
                lowest[name] = min(value, lowest.get(name, value))
        return lowest

    def _compared(
        self, oks: float, detection: Detection, person: PersonAnnotation, seen: Sequence[SeenPerson]
    ) -> dict[str, float]:
        label = person.keypoints_2d.astype(np.float64)
        theirs = label.copy()
        theirs[:, :2], _ = found_joints(detection)
        second = max(self._oks(other, label, person) for other in seen)
        agreement = max(self._oks(other, theirs, person) for other in seen)
        return {"oks_second": second, "oks_best": max(second, oks), "agreement": agreement}

    def _oks(self, seen: SeenPerson, xyv: Float64[np.ndarray, "17 3"], person: PersonAnnotation) -> float:
        is_sure = seen.confidence >= self._min_confidence
        return oks_amodal_box(seen.joints_px, is_sure, xyv, person.amodal_bbox_xywh_px) or 0.0


def _box_of(person: Detection) -> Float64[np.ndarray, "4"]:
    """The box of BlazePose's mask, or of its landmarks where the mask is empty."""
    rows, columns = np.nonzero(person.mask > 0.5)
    if rows.size == 0:
        return np.concatenate([person.box_xyxy_px[:2], person.box_xyxy_px[2:] - person.box_xyxy_px[:2]])
    corner = np.array([columns.min(), rows.min()], dtype=np.float64)
    return np.concatenate([corner, np.array([columns.max(), rows.max()]) + 1.0 - corner])
