"""What every scorer does: add named, versioned numbers to a picture; it removes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from posedreamer.records import Annotation, Picture

__all__ = ["Scorer"]


@runtime_checkable
class Scorer(Protocol):
    """Scores pictures against their annotations: generated, studio, refined and real pictures alike."""

    @property
    def name(self) -> str:
        """Catalogue id."""
        ...

    @property
    def version(self) -> str:
        """Changes when any number changes."""
        ...

    @property
    def gives(self) -> tuple[str, ...]:
        """Names of the numbers this scorer may add; a number that does not apply is absent from the mapping."""
        ...

    def fetch(self) -> None:
        """Everything needed is on this machine afterwards (weights); called once before workers start.

        Raises MissingWeightsError with the step to take.
        """
        ...

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order; finite numbers only; the split into batches changes nothing."""
        ...
