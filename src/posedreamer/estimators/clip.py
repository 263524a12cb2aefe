"""CLIP through ``transformers``: pictures and sentences as unit vectors of one space (Radford et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from PIL import Image

from posedreamer.errors import InputError
from posedreamer.estimators.memo import memo, picture_key
from posedreamer.estimators.optional import quietly
from posedreamer.estimators.pretrained import Pretrained, in_one_thread
from posedreamer.records import Picture

__all__ = ["Clip", "clip"]


class Clip:
    """One CLIP on the CPU. Every picture and every sentence is encoded alone, so company changes no bit of a vector.

    Pictures are prepared as the model's own files say: most CLIPs cut them to the middle square.
    """

    def __init__(self, model: Pretrained) -> None:
        self._named = model

    @property
    def version(self) -> str:
        """The model and what pins it. Raises MissingWeightsError for a folder that is not there."""
        return self._named.label

    def fetch(self) -> None:
        """The weights are on this machine and are a CLIP's.

        Raises MissingWeightsError, MissingExtraError, InputError for another kind of model.
        """
        _ = self._model, self._prepare

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        return int(self._model.config.projection_dim)

    @property
    def logit_scale(self) -> float:
        """What the model multiplies cosines by before a softmax."""
        return float(self._model.logit_scale.detach().exp())

    def picture_vector(self, picture: Picture) -> Float32[np.ndarray, " d"]:
        """The picture's direction, of length 1; looked at once for all who ask. Leave the array alone."""
        key = ("clip", self._named, picture_key(picture.pixels))
        return memo().answer(key, lambda: self._look(picture), lambda found: found.nbytes)

    def text_vectors(self, texts: Sequence[str]) -> Float32[np.ndarray, "n d"]:
        """The sentences' directions, of length 1 each; text beyond the model's context is cut."""
        return np.stack([self._read(text) for text in texts])

    def _look(self, picture: Picture) -> Float32[np.ndarray, " d"]:
        with quietly():
            tensors: Any = self._prepare(images=Image.fromarray(picture.pixels), return_tensors="pt")
        with in_one_thread():
            seen: Any = self._model.vision_model(pixel_values=tensors["pixel_values"]).pooler_output
            return _unit(self._model.visual_projection(seen)[0])

    def _read(self, text: str) -> Float32[np.ndarray, " d"]:
        length = int(self._model.config.text_config.max_position_embeddings)
        tokens: Any = self._tokenizer(text, truncation=True, max_length=length, return_tensors="pt")
        with in_one_thread():
            read: Any = self._model.text_model(**tokens).pooler_output
            return _unit(self._model.text_projection(read)[0])

    @cached_property
    def _model(self) -> Any:
        found = str(self._named.config().model_type)
        if found != "clip":
            raise InputError(f"{self._named.source}: found a model of type {found!r}, expected a CLIP; name another")
        return self._named.model("CLIPModel")

    @cached_property
    def _prepare(self) -> Any:
        return self._named.part("AutoImageProcessor", backend="pil")

    @cached_property
    def _tokenizer(self) -> Any:
        return self._named.part("AutoTokenizer")


@lru_cache(maxsize=2)
def clip(model: Pretrained) -> Clip:
    """The one of this process: scorers that name the same model share it."""
    return Clip(model)


def _unit(vector: torch.Tensor) -> Float32[np.ndarray, " d"]:
    found = vector.float().numpy()
    return found / max(float(np.linalg.norm(found)), 1e-12)
