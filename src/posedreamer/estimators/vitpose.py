"""ViTPose through ``transformers`` (Xu et al. 2022); a detector of people of the RT-DETR family if one is named."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import cv2
import numpy as np
import torch
from jaxtyping import Float64

from posedreamer.errors import InputError
from posedreamer.estimators.pretrained import load_pretrained, named
from posedreamer.estimators.top_down import SeenPerson, crop_of, joints_of_heatmaps
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.records import Picture

__all__ = ["VitPose"]

_EXTRA: Final = "vitpose"
_DETECTORS: Final = ("rt_detr", "rt_detr_v2", "d_fine")
_DETECTOR_PX: Final = 640


class VitPose:
    """A ViTPose of 17 joints by hub id or local folder; ViTPose+ answers with its COCO expert.

    Args:
        model: the pose model.
        detector: hub id or folder of a detector of the RT-DETR family; empty where boxes are given.
        min_box_score: the detector's boxes below this are not looked at.
    """

    def __init__(self, model: str, detector: str = "", min_box_score: float = 0.5) -> None:
        self._model_id = model
        self._detector_id = detector
        self._min_box_score = min_box_score

    @property
    def version(self) -> str:
        """Both models with what pins them. Raises MissingWeightsError for a folder that is not there."""
        return "+".join(named(name, "ViTPose").label for name in (self._model_id, self._detector_id) if name)

    def fetch(self) -> None:
        """The weights are on this machine. Raises MissingWeightsError or MissingExtraError."""
        _ = self._model
        if self._detector_id:
            _ = self._detector

    @torch.inference_mode()
    def people(self, picture: Picture, boxes_xywh_px: Sequence[Float64[np.ndarray, "4"]]) -> tuple[SeenPerson, ...]:
        """One person per box of its detector, or of those given. Raises as ``fetch``, and InputError."""
        boxes = self._boxes(picture) if self._detector_id else list(boxes_xywh_px)
        return tuple(self._person(picture, box) for box in boxes)

    @cached_property
    def _model(self) -> Any:
        model = load_pretrained("VitPoseForPoseEstimation", self._model_id, _EXTRA).eval()
        if int(model.config.num_labels) != len(COCO_17):
            raise InputError(f"{self._model_id}: found {model.config.num_labels} joints, expected COCO's 17")
        return model

    @cached_property
    def _detector(self) -> Any:
        model = load_pretrained("AutoModelForObjectDetection", self._detector_id, _EXTRA).eval()
        if model.config.model_type not in _DETECTORS:
            raise InputError(
                f"{self._detector_id}: found a detector of type {model.config.model_type!r}; expected one of "
                f"{', '.join(_DETECTORS)}"
            )
        return model

    def _person(self, picture: Picture, box_xywh_px: Float64[np.ndarray, "4"]) -> SeenPerson:
        size: Any = self._model.config.backbone_config.image_size
        height, width = int(size[0]), int(size[1])
        tensor, frame = crop_of(picture.pixels, box_xywh_px, height, width)
        has_experts = int(getattr(self._model.config.backbone_config, "num_experts", 1)) > 1
        expert = {"dataset_index": torch.zeros(1, dtype=torch.int64)} if has_experts else {}
        maps: Any = self._model(torch.as_tensor(tensor), **expert).heatmaps[0]
        return joints_of_heatmaps(maps.float().numpy(), frame, height, width)

    @torch.inference_mode()
    def _boxes(self, picture: Picture) -> list[Float64[np.ndarray, "4"]]:
        """Boxes of people in picture pixels, best first."""
        names: dict[int, str] = self._detector.config.id2label
        people = [index for index, name in names.items() if name.lower() == "person"]
        if not people:
            raise InputError(f"{self._detector_id}: its classes have no 'person': {', '.join(names.values())[:200]}")
        small = np.asarray(cv2.resize(picture.pixels, (_DETECTOR_PX, _DETECTOR_PX), interpolation=cv2.INTER_LINEAR))
        tensor = torch.as_tensor(np.ascontiguousarray(small.transpose(2, 0, 1)[None]).astype(np.float32) / 255.0)
        found: Any = self._detector(tensor)
        scores: np.ndarray[Any, Any] = found.logits[0, :, people[0]].sigmoid().numpy()
        boxes: np.ndarray[Any, Any] = found.pred_boxes[0].numpy().astype(np.float64)
        size = np.tile([picture.pixels.shape[1], picture.pixels.shape[0]], 2)
        kept = [index for index in np.argsort(-scores, kind="stable") if scores[index] >= self._min_box_score]
        return [np.concatenate([box[:2] - box[2:] / 2, box[2:]]) * size for box in boxes[kept]]
