"""Does the picture look like what a sentence says? CLIP-IQA's pairs of words, and an aesthetic head."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

import numpy as np
from jaxtyping import Float32

from posedreamer.errors import InputError, RecipeError
from posedreamer.estimators.clip import clip
from posedreamer.estimators.head_file import Head, head_digest, load_head
from posedreamer.estimators.pretrained import named
from posedreamer.records import Annotation, Picture
from posedreamer.scoring.fitted import fitted

__all__ = ["PROMPTS", "ClipScorer"]

PROMPTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({"quality": ("Good photo.", "Bad photo.")})
"""word -> what is wanted, and its opposite: the pair of CLIP-IQA that stands for quality as a whole."""

_WORD: Final = re.compile(r"^[a-z][a-z0-9_]*$")


class ClipScorer:
    """Probabilities of sentences against their opposites, of the whole picture (Wang et al. 2023, CLIP-IQA).

    - ``clip_<word>``: softmax over the two cosines, each times the model's own scale: 1 where the picture is all like
      the first sentence, 0 where it is like the second, 0.5 where it says nothing. One number per pair of ``prompts``.
    - ``aesthetic``: what the head file makes of the picture's vector (of length 1), where one is named.

    The paper leaves out the positions of a ResNet's last layer so that any size fits; here pictures are prepared as the
    model's files say, as ViTs need it.
    """

    name = "clip"

    def __init__(self, *, model: str, prompts: object = PROMPTS, aesthetic: str = "") -> None:
        """Keep the options; models are loaded at the first picture.

        Args:
            model: a CLIP, "owner/name@commit" on the hub or a folder (extra ``clip``).
            prompts: word -> two sentences, the wanted one first.
            aesthetic: a safetensors file of a head over this model's vectors (``estimators.head_file``); or empty.

        Raises RecipeError for options that do not fit.
        """
        self._clip = clip(named(model, "scorer clip: model"))
        self._prompts = _checked(prompts)
        self._head_path = Path(aesthetic).expanduser() if aesthetic else None
        if not self._prompts and self._head_path is None:
            raise RecipeError("scorer clip: found neither prompts nor an aesthetic head; give at least one of them")

    @property
    def gives(self) -> tuple[str, ...]:
        """``clip_<word>`` of every pair, and ``aesthetic`` with a head."""
        return (*(f"clip_{word}" for word in self._prompts), *(("aesthetic",) if self._head_path else ()))

    @cached_property
    def version(self) -> str:
        """Model, sentences and head. Raises MissingWeightsError for files that are not there."""
        said = hashlib.sha256(repr(self._prompts).encode()).hexdigest()[:12]
        head = f", head {head_digest(self._head_path)}" if self._head_path else ""
        return f"{self._clip.version}, prompts {said}{head}"

    def fetch(self) -> None:
        """Model and head are on this machine and fit. Raises MissingWeightsError, MissingExtraError, InputError."""
        self._clip.fetch()
        _ = self._sides, self._head

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order. Raises as ``fetch``."""
        return [self._score(fitted(*pair)[0]) for pair in zip(pictures, annotations, strict=True)]

    def _score(self, picture: Picture) -> Mapping[str, float]:
        vector = self._clip.picture_vector(picture)
        margins = (self._sides @ vector).reshape(-1, 2) @ (1.0, -1.0) * self._clip.logit_scale
        found = {
            f"clip_{word}": _probability(float(margin)) for word, margin in zip(self._prompts, margins, strict=True)
        }
        return found | ({"aesthetic": self._head(vector)} if self._head else {})

    @cached_property
    def _sides(self) -> Float32[np.ndarray, "n d"]:
        """Vectors of all sentences, each pair's wanted one first."""
        texts = [text for pair in self._prompts.values() for text in pair]
        return self._clip.text_vectors(texts) if texts else np.zeros((0, self._clip.dimensions), dtype=np.float32)

    @cached_property
    def _head(self) -> Head | None:
        if self._head_path is None:
            return None
        head = load_head(self._head_path)
        if head.inputs != self._clip.dimensions:
            raise InputError(
                f"{self._head_path} takes vectors of {head.inputs} numbers, {self._clip.version} gives "
                f"{self._clip.dimensions}; take the CLIP that the head was trained on"
            )
        return head


def _checked(prompts: object) -> dict[str, tuple[str, str]]:
    """The pairs, or RecipeError."""
    pairs = cast("Mapping[object, object]", prompts if isinstance(prompts, Mapping) else {None: prompts})
    checked: dict[str, tuple[str, str]] = {}
    for word, pair in pairs.items():
        texts = [str(text).strip() for text in cast("Sequence[object]", pair)] if isinstance(pair, list | tuple) else []
        if not isinstance(word, str) or not _WORD.match(word) or len(texts) != 2 or len({*texts, ""}) != 3:
            raise RecipeError(
                f"scorer clip: found prompts {word!r}: {pair!r}; expected a word of small letters, digits and _, and "
                'two different sentences, the wanted one first: {quality: ["Good photo.", "Bad photo."]}'
            )
        checked[word] = (texts[0], texts[1])
    return checked


def _probability(margin: float) -> float:
    """The first of two under softmax, from the difference of their logits."""
    return 1.0 / (1.0 + math.exp(-margin)) if margin >= 0.0 else math.exp(margin) / (1.0 + math.exp(margin))
