"""Pictures whose embeddings point the same way: cosines with everything kept before, by products of whole blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64
from numpy.typing import NDArray

from posedreamer.errors import RecipeError
from posedreamer.geometry.packed import COMPONENTS, NUMBER_LIMIT, NUMBERS, unpacked

__all__ = ["EmbeddingIndex", "NearEmbeddings"]

_CHUNK: Final = 8192
"""Kept rows compared at once: bounds the memory of a product."""

_FIRST: Final = 1024
_ROUNDING: Final = 1e-6
"""Cosines are rounded to float32: equal rows must be near even where 1 is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearEmbeddings:
    """Two pictures are the same when the cosine between their embeddings is at least ``min_cosine``.

    Attributes:
        scores: the columns that hold a direction (``geometry.packed``). A row without them is nobody's duplicate.
        min_cosine: above 0, at most 1.
    """

    scores: tuple[str, ...]
    min_cosine: float

    def __post_init__(self) -> None:
        if len(self.scores) != NUMBERS or not 0.0 < self.min_cosine <= 1.0:
            raise RecipeError(
                f"duplicates: found embedding columns {list(self.scores)}, min_cosine {self.min_cosine}; expected "
                f"{NUMBERS} columns and a cosine above 0 and at most 1"
            )

    def index(self) -> EmbeddingIndex:
        """An empty index for one pass."""
        return EmbeddingIndex(self)


class EmbeddingIndex:
    """The embeddings of kept rows: 256 bytes each. Products are exact, so how rows are batched changes nothing."""

    def __init__(self, rule: NearEmbeddings) -> None:
        self._rule = rule
        self._kept: NDArray[np.float32] = np.empty((_FIRST, COMPONENTS), dtype=np.float32)
        self._scale: NDArray[np.float32] = np.empty(_FIRST, dtype=np.float32)
        self._count = 0
        self._seen: dict[tuple[float, ...], bool] = {}
        self._seen_count = 0

    def look_ahead(self, rows: Sequence[Mapping[str, float]]) -> None:
        """What is kept now is compared with all of these rows in one product; asked of them, little is left to do."""
        keys = list(dict.fromkeys(key for row in rows if (key := self._key(row)) is not None))
        near = self._near(keys, 0).tolist()
        self._seen, self._seen_count = dict(zip(keys, near, strict=True)), self._count

    def has_near(self, scores: Mapping[str, float]) -> bool:
        """Whether a row was added whose embedding is within the rule's cosine."""
        key = self._key(scores)
        if key is None:
            return False
        if self._seen.get(key, False):
            return True
        return bool(self._near([key], self._seen_count if key in self._seen else 0)[0])

    def add(self, scores: Mapping[str, float]) -> None:
        """The row's embedding is in the index."""
        key = self._key(scores)
        if key is None:
            return
        if self._count == len(self._kept):
            self._kept = np.concatenate([self._kept, np.empty_like(self._kept)])
            self._scale = np.concatenate([self._scale, np.empty_like(self._scale)])
        steps = unpacked(np.array([key]))
        self._kept[self._count] = steps[0]
        self._scale[self._count] = _scales(steps)[0]
        self._count += 1

    def _near(self, keys: Sequence[tuple[float, ...]], start: int) -> Bool[np.ndarray, " n"]:
        """For each key, whether a row added as number ``start`` or later is near."""
        is_near = np.zeros(len(keys), dtype=np.bool_)
        if not keys or start >= self._count:
            return is_near
        steps = unpacked(np.array(keys))
        own = _scales(steps)[:, None]
        for low in range(start, self._count, _CHUNK):
            high = min(low + _CHUNK, self._count)
            products = steps @ self._kept[low:high].T
            products *= self._scale[low:high]
            products *= own
            is_near |= products.max(axis=1) >= np.float32(self._rule.min_cosine - _ROUNDING)
        return is_near

    def _key(self, scores: Mapping[str, float]) -> tuple[float, ...] | None:
        values = [scores.get(name) for name in self._rule.scores]
        found = tuple(value for value in values if value is not None)
        if len(found) < len(values):
            return None
        for name, value in zip(self._rule.scores, found, strict=True):
            if value != int(value) or not 0 <= value < NUMBER_LIMIT:
                raise RecipeError(f"duplicates: {name!r} is {value}, expected a whole number below {NUMBER_LIMIT}")
        return found


def _scales(steps: Float32[np.ndarray, "n 64"]) -> Float32[np.ndarray, " n"]:
    """One over the length of each row; 0 for a row without a direction, which is then near to nothing."""
    squares: Float64[np.ndarray, " n"] = np.square(steps.astype(np.float64)).sum(axis=1)
    return np.where(squares > 0.0, 1.0 / np.sqrt(np.maximum(squares, 1.0)), 0.0).astype(np.float32)
