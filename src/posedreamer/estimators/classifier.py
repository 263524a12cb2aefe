"""Picture classifiers of ``transformers``: how probable each of a model's labels is."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from PIL import Image

from posedreamer.estimators.optional import quietly
from posedreamer.estimators.pretrained import Pretrained, in_one_thread
from posedreamer.records import Picture

__all__ = ["PictureClassifier", "classifier"]


class PictureClassifier:
    """Any model for image classification, on the CPU. Every picture is looked at alone."""

    def __init__(self, model: Pretrained) -> None:
        self._named = model

    @property
    def version(self) -> str:
        """The model and what pins it. Raises MissingWeightsError for a folder that is not there."""
        return self._named.label

    def fetch(self) -> None:
        """The weights are on this machine. Raises MissingWeightsError, MissingExtraError, InputError."""
        _ = self._model, self._prepare

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The model's labels, in the order of ``probabilities``."""
        names: dict[int, str] = self._model.config.id2label
        return tuple(names[place] for place in sorted(names))

    @property
    def has_exclusive_labels(self) -> bool:
        """One label is true of a picture, so that probabilities sum to 1; else each is told for itself."""
        return self._model.config.problem_type != "multi_label_classification"

    def probabilities(self, picture: Picture) -> Float32[np.ndarray, " labels"]:
        """How probable each label is, in [0, 1]."""
        with quietly():
            tensors: Any = self._prepare(images=Image.fromarray(picture.pixels), return_tensors="pt")
        with in_one_thread():
            logits: torch.Tensor = self._model(pixel_values=tensors["pixel_values"]).logits[0].float()
            return (logits.softmax(0) if self.has_exclusive_labels else logits.sigmoid()).numpy()

    @cached_property
    def _model(self) -> Any:
        return self._named.model("AutoModelForImageClassification")

    @cached_property
    def _prepare(self) -> Any:
        return self._named.part("AutoImageProcessor", backend="pil")


@lru_cache(maxsize=2)
def classifier(model: Pretrained) -> PictureClassifier:
    """The one of this process."""
    return PictureClassifier(model)
