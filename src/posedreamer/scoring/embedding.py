"""Where a picture lies among pictures: a direction in eight numbers, for duplicates over a whole run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from jaxtyping import Float, Float32

from posedreamer.estimators.clip import clip
from posedreamer.estimators.pretrained import named
from posedreamer.geometry.packed import COMPONENTS, NUMBERS, packed
from posedreamer.records import Annotation, Picture
from posedreamer.scoring.colour_layout import colour_layout
from posedreamer.scoring.fitted import fitted

__all__ = ["EMBEDDING", "EmbeddingScorer"]

EMBEDDING: Final = tuple(f"embedding_{place}" for place in range(NUMBERS))
"""Names of the numbers; a gate compares all of them together."""

_LAYOUT_VERSION: Final = "layout-1"
_DIRECTIONS_VERSION: Final = "1"
_SEED: Final = 20260801


class EmbeddingScorer:
    """Eight whole numbers that hold a direction of 64 components (``geometry.packed``). For cosines, never for a
    threshold.

    Without a model the direction is the picture's colour layout (``colour_layout``): it needs no download, and near
    means the same people, place and framing, nearly pixel by pixel. With a CLIP it is the picture's vector on 64 fixed
    random directions: near means a picture of the same content, and 1 - cosine is the vectors' own within about 35 %
    (two standard deviations; Achlioptas 2003).

    Absent for pictures without any pattern or colour.
    """

    name = "embedding"
    gives = EMBEDDING

    def __init__(self, *, model: str = "") -> None:
        """``model``: a CLIP, "owner/name@commit" or a folder (extra ``clip``); empty takes the colour layout.

        Raises RecipeError for a model that is no such name.
        """
        self._clip = clip(named(model, "scorer embedding: model")) if model else None

    @cached_property
    def version(self) -> str:
        """What makes directions. Raises MissingWeightsError for a folder that is not there."""
        return f"{self._clip.version}, directions {_DIRECTIONS_VERSION}" if self._clip else _LAYOUT_VERSION

    def fetch(self) -> None:
        """The model, if one is named, is on this machine. Raises MissingWeightsError, MissingExtraError, InputError."""
        if self._clip:
            self._clip.fetch()

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order. Raises as ``fetch``."""
        return [self._score(fitted(*pair)[0]) for pair in zip(pictures, annotations, strict=True)]

    def _score(self, picture: Picture) -> Mapping[str, float]:
        direction = colour_layout(picture.pixels) if self._clip is None else _on_few(self._clip.picture_vector(picture))
        if not direction.any():
            return {}
        return dict(zip(EMBEDDING, packed(direction).tolist(), strict=True))


def _on_few(vector: Float32[np.ndarray, " d"]) -> Float[np.ndarray, "64"]:
    """The vector along 64 fixed directions of random signs; shorter vectors are filled up with zeros."""
    if len(vector) <= COMPONENTS:
        return np.pad(vector, (0, COMPONENTS - len(vector)))
    return _directions(len(vector)) @ vector


@lru_cache(maxsize=2)
def _directions(length: int) -> Float32[np.ndarray, "64 d"]:
    signs = np.random.default_rng(_SEED).integers(0, 2, (COMPONENTS, length)) * 2 - 1
    return signs.astype(np.float32)
