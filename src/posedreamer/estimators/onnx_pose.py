"""Any top-down pose model in ONNX on onnxruntime: one picture in, heatmaps or SimCC's two vectors out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from posedreamer.errors import InputError, MissingExtraError, MissingWeightsError
from posedreamer.estimators.top_down import SeenPerson, crop_of, joints_of_heatmaps, joints_of_simcc
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.records import Picture

__all__ = ["OnnxPose"]


class OnnxPose:
    """A model file with one input (batch, 3, height, width) of RGB normalised as ImageNet, and COCO's 17 joints.

    Its first output is heatmaps (batch, 17, h, w), or its first two are SimCC's bins along x and y. Boxes are given.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def version(self) -> str:
        """File name and the first half of its checksum."""
        self.fetch()
        with self._path.open("rb") as file:
            return f"{self._path.name}-{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"

    def fetch(self) -> None:
        """The file is there. Raises MissingWeightsError."""
        if not self._path.is_file():
            raise MissingWeightsError(f"{self._path}: expected an ONNX pose model, found no file; put it there")

    def people(self, picture: Picture, boxes_xywh_px: Sequence[Float64[np.ndarray, "4"]]) -> tuple[SeenPerson, ...]:
        """One person per box. Raises MissingExtraError, MissingWeightsError, InputError for another kind of model."""
        return tuple(self._person(picture, box) for box in boxes_xywh_px)

    @cached_property
    def _session(self) -> Any:
        self.fetch()
        try:
            import onnxruntime  # pyright: ignore[reportMissingImports, reportMissingTypeStubs]
        except ImportError as error:
            raise MissingExtraError(
                f"{self._path} needs onnxruntime ({error}): python -m pip install 'posedreamer[onnx]'"
            ) from error
        library: Any = onnxruntime
        options = library.SessionOptions()
        options.intra_op_num_threads = 1
        return library.InferenceSession(str(self._path), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _shape(self) -> tuple[str, int, int]:
        """Name, height and width of the input."""
        inputs: Any = self._session.get_inputs()
        shape = list(inputs[0].shape)
        if len(inputs) != 1 or len(shape) != 4 or shape[1] != 3 or not all(isinstance(side, int) for side in shape[2:]):
            raise InputError(f"{self._path}: expected one input (batch, 3, height, width), found {shape}; export it so")
        return str(inputs[0].name), int(shape[2]), int(shape[3])

    def _person(self, picture: Picture, box_xywh_px: Float64[np.ndarray, "4"]) -> SeenPerson:
        name, height, width = self._shape
        tensor, frame = crop_of(picture.pixels, box_xywh_px, height, width)
        outputs: list[Float32[np.ndarray, "..."]] = self._session.run(None, {name: tensor})
        shapes = [output.shape for output in outputs]
        if len(shapes[0]) == 4 and shapes[0][1] == len(COCO_17):
            return joints_of_heatmaps(outputs[0][0], frame, height, width)
        if len(shapes) > 1 and all(len(shape) == 3 and shape[1] == len(COCO_17) for shape in shapes[:2]):
            return joints_of_simcc(outputs[0][0], outputs[1][0], frame, height, width)
        raise InputError(
            f"{self._path}: expected heatmaps (batch, 17, h, w) or SimCC's (batch, 17, n) twice, found {shapes}; "
            "take a model of COCO's 17 joints"
        )
