"""What a picture looks like, in at most 32 numbers, to a network trained by others on photos of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from posedreamer.errors import InputError
from posedreamer.estimators.activations import LayerModel
from posedreamer.estimators.person_boxes import INPUT_PX
from posedreamer.estimators.weights import blazepose_files

__all__ = ["MAX_FEATURES", "FeatureBasis", "ImageFeatures"]

_LAYERS: Final = (
    "model_1/model/re_lu/Relu6",
    "model_1/model/add/add",
    "model_1/model/add_1/add",
    "model_1/model/add_3/add",
    "model_1/model/add_5/add",
    "model_1/model/add_8/add",
)
MAX_FEATURES: Final = 32


class ImageFeatures:
    """Pooled activations of BlazePose's person detector, one row per picture."""

    def of(self, pictures: Sequence[UInt8[np.ndarray, "h w 3"]]) -> Float32[np.ndarray, "n d"]:
        """Mean and spread over the picture of every channel of six layers.

        Raises MissingWeightsError when the weights are neither cached nor reachable.
        """
        return np.stack([self._of_one(pixels) for pixels in pictures])

    @cached_property
    def _model(self) -> LayerModel:
        return LayerModel(blazepose_files().detector, _LAYERS)

    def _of_one(self, pixels: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "d"]:
        small = np.asarray(cv2.resize(pixels, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_AREA), dtype=np.float32)
        layers = self._model.run((small * np.float32(2.0 / 255.0) - np.float32(1.0))[None])
        pooled = [np.concatenate([layer[0].mean(axis=(0, 1)), layer[0].std(axis=(0, 1))]) for layer in layers]
        return np.concatenate(pooled).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureBasis:
    """Principal directions of a set of pictures, each scaled to unit variance on it."""

    mean: Float64[np.ndarray, "d"] = field(repr=False)
    directions: Float64[np.ndarray, "d k"] = field(repr=False)

    @staticmethod
    def fitted(features: Float32[np.ndarray, "n d"], count: int = MAX_FEATURES) -> FeatureBasis:
        """The basis of a reference set that is in no comparison.

        Raises InputError for more directions than a quarter of the rows, or than 32.
        """
        if not 1 <= count <= min(MAX_FEATURES, len(features) // 4):
            raise InputError(f"{count} features from {len(features)} pictures: expected 1 to 32, 4 pictures for each")
        rows = np.asarray(features, dtype=np.float64)
        mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
        _, values, right = np.linalg.svd((rows - mean) / spread, full_matrices=False)
        unit = right[:count].T / (values[:count] / np.sqrt(len(rows) - 1))
        return FeatureBasis(mean=mean, directions=unit / spread[:, None])

    def of(self, features: Float32[np.ndarray, "n d"]) -> Float64[np.ndarray, "n k"]:
        """The rows in this basis."""
        return (np.asarray(features, dtype=np.float64) - self.mean) @ self.directions
