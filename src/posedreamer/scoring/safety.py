"""Is the picture safe to show? Any picture classifier, and which of its labels say that it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from posedreamer.errors import RecipeError, did_you_mean
from posedreamer.estimators.classifier import classifier
from posedreamer.estimators.pretrained import named
from posedreamer.records import Annotation, Picture
from posedreamer.scoring.fitted import fitted

__all__ = ["SafetyScorer"]


class SafetyScorer:
    """How probable it is that a classifier's label is one of those named unsafe.

    - ``unsafe``: the sum of their probabilities where a picture has one label, the largest of them where it may have
      several. A gate drops what is above its bound: ``{score: unsafe, maximum: 0.3}``.

    It is as good as the classifier that is named, and says nothing by itself.
    """

    name = "safety"
    gives = ("unsafe",)

    def __init__(self, *, model: str, unsafe: Sequence[str]) -> None:
        """Keep the options; the model is loaded at the first picture.

        Args:
            model: an image classification model, "owner/name@commit" on the hub or a folder (extra ``clip``).
            unsafe: its labels that count as unsafe.

        Raises RecipeError for a model that is no such name, and for no labels.
        """
        self._classifier = classifier(named(model, "scorer safety: model"))
        labels = (unsafe,) if isinstance(unsafe, str) else tuple(str(label) for label in unsafe)
        if not labels or len(set(labels)) < len(labels):
            raise RecipeError(f"scorer safety: found unsafe={list(labels)}, expected labels of the model, each once")
        self._unsafe = labels

    @cached_property
    def version(self) -> str:
        """Model and labels. Raises MissingWeightsError for a folder that is not there."""
        return f"{self._classifier.version}, unsafe {' + '.join(self._unsafe)}"

    def fetch(self) -> None:
        """The model is on this machine and has the labels.

        Raises MissingWeightsError, MissingExtraError, InputError, RecipeError.
        """
        self._classifier.fetch()
        _ = self._columns

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order. Raises as ``fetch``."""
        return [self._score(fitted(*pair)[0]) for pair in zip(pictures, annotations, strict=True)]

    def _score(self, picture: Picture) -> Mapping[str, float]:
        found = self._classifier.probabilities(picture)[list(self._columns)]
        return {"unsafe": min(1.0, float(found.sum() if self._classifier.has_exclusive_labels else found.max()))}

    @cached_property
    def _columns(self) -> tuple[int, ...]:
        known = self._classifier.labels
        for label in self._unsafe:
            if label not in known:
                raise RecipeError(
                    f"scorer safety: the model has no label {label!r}; it has: {', '.join(known)[:300]}."
                    f"{did_you_mean(label, known)}"
                )
        return tuple(known.index(label) for label in self._unsafe)
