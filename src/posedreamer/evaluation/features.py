"""What a picture looks like, in at most 32 numbers, to a network trained by others on photos of people.

The network is BlazePose's person detector: it has seen photos alone, looks at the whole picture and not at a crop of
the person, and its early layers answer to texture, its late ones to people and places. Means and spreads over the
picture of six layers, from the first to the last of its backbone, are projected onto the directions in which studio
pictures vary most, each scaled to the same variance.

Distance to the other half of a set of studio pictures, over that between its halves (``frechet.distance_over_halves``,
32 directions fitted to 512 other pictures, labels of the prior, studio revision 1):

| every picture of the set | 512 labels | 256 labels |
|---|---|---|
| painted again from another seed | - | 1.0 |
| blurred, sigma 0.7 px / 1 px / 2 px | 2.5 / 5.1 / 17 | 1.7 / 2.9 / 8.6 |
| at half the resolution | 2.4 | 1.6 |
| noise of 3 / 6 levels | 7.6 / 27 | 4.1 / 13 |
| red + 12 %, blue - 12 % | 4.0 | 2.4 |
| colour channels swapped | 4.4 | 2.7 |
| gamma 1.2 | 1.8 | 1.4 |
| JPEG of quality 40 | 2.7 | 1.8 |
| all in one place | - | 4.4 |
| without people / one in ten without | - | 11 / 1.3 |
| mirrored | 1.0 | 1.0 |

A mirrored set is the same set of pictures of mirrored people: no distance between sets can see it, OKS must. More
directions dilute every row (64: blur of 1 px 2.9, colour 2.6 with 512 labels), fewer see less of noise and gamma. The
numbers grow with the set, because the halves of a larger set lie nearer: name the number of labels with them.
"""

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
