"""What every generator does: paint pictures of conditions, each reproducible alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from posedreamer.errors import RecipeError
from posedreamer.records import Condition, Picture

__all__ = ["FixedSize", "Generator", "PaintJob", "Unpainted", "is_photoreal", "lacks_of", "refuse_lacking"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintJob:
    """One candidate to paint: a condition, which of its K candidates, and the seed of that candidate."""

    condition: Condition
    candidate_index: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpainted:
    """A job that the generator gives no picture for: ``reason`` is a short stable word ("picture_not_finite")."""

    reason: str


@runtime_checkable
class Generator(Protocol):
    """Paints ``PaintJob``s. A job's picture depends on the job, the generator's revision and its batch size alone."""

    @property
    def name(self) -> str:
        """Catalogue id, written to every row."""
        ...

    @property
    def revision(self) -> str:
        """Changes when any picture changes (weights, code, sampler settings)."""
        ...

    @property
    def licence(self) -> str:
        """SPDX id or short name of the licence of what the pictures are made with."""
        ...

    @property
    def source_type(self) -> str:
        """IPTC digital source type of its pictures: "algorithmicMedia", or "trainedAlgorithmicMedia" of a model."""
        ...

    @property
    def about(self) -> str:
        """One or two plain sentences for doctor and reports: what paints, what it learned from, what it cannot be."""
        ...

    @property
    def batch_size(self) -> int:
        """How many jobs ``paint`` wants at once; a shorter tail is padded inside ``paint``."""
        ...

    def fetch(self) -> None:
        """Everything needed is on this machine afterwards (weights); called once before workers start.

        Raises MissingWeightsError with the step to take.
        """
        ...

    def paint(self, jobs: Sequence[PaintJob]) -> Sequence[Picture | Unpainted]:
        """One picture per job, in order, of the size of the job's camera; or why that job has none."""
        ...


@runtime_checkable
class FixedSize(Protocol):
    """A generator that paints pictures of one size alone."""

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height in pixels; a recipe of another size is refused before anything is painted."""
        ...


def is_photoreal(generator: Generator) -> bool:
    """Whether its pictures can be taken for photographs of people.

    A generator says so with an attribute ``is_photoreal``; one that does not is photoreal when a trained model paints.
    """
    says: bool | None = getattr(generator, "is_photoreal", None)
    return generator.source_type == "trainedAlgorithmicMedia" if says is None else says


def lacks_of(generator: Generator) -> str:
    """What the recipe has yet to name before the generator can paint ("" for nothing); its attribute ``lacks``."""
    return str(getattr(generator, "lacks", ""))


def refuse_lacking(generator: Generator) -> None:
    """Raises RecipeError for a generator that cannot paint as the recipe is, before anything is fetched or written."""
    if lacks_of(generator):
        raise RecipeError(lacks_of(generator))
