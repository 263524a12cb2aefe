"""Pictures that look the same as one kept before: what a rule on them is, and perceptual hashes, bit by bit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol, runtime_checkable

from posedreamer.errors import RecipeError

__all__ = ["AnyNear", "HashIndex", "Near", "NearDuplicates", "NearIndex"]

_WORD_BITS: Final = 32
"""A float64 holds whole numbers of this size exactly, with room to spare."""


@runtime_checkable
class NearIndex(Protocol):
    """The kept rows of one pass, in index order."""

    def look_ahead(self, rows: Sequence[Mapping[str, float]]) -> None:
        """These rows' scores will be asked for next; changes no answer, only how long they take."""
        ...

    def has_near(self, scores: Mapping[str, float]) -> bool:
        """Whether a row was added that counts as the same."""
        ...

    def add(self, scores: Mapping[str, float]) -> None:
        """The row is kept."""
        ...


@runtime_checkable
class Near(Protocol):
    """Which pictures count as the same though they differ."""

    def index(self) -> NearIndex:
        """An empty index for one pass."""
        ...


@dataclass(frozen=True, slots=True)
class AnyNear:
    """Pictures are the same when one of the rules says so."""

    rules: tuple[Near, ...]

    def index(self) -> NearIndex:
        """An empty index for one pass."""
        return _AnyIndex(tuple(rule.index() for rule in self.rules))


class _AnyIndex:
    def __init__(self, indices: tuple[NearIndex, ...]) -> None:
        self._indices = indices

    def look_ahead(self, rows: Sequence[Mapping[str, float]]) -> None:
        for index in self._indices:
            index.look_ahead(rows)

    def has_near(self, scores: Mapping[str, float]) -> bool:
        return any(index.has_near(scores) for index in self._indices)

    def add(self, scores: Mapping[str, float]) -> None:
        for index in self._indices:
            index.add(scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicates:
    """Two pictures are the same when their hashes differ in at most ``within_bits`` bits.

    Attributes:
        scores: the columns that hold the hash, each a whole number from 0 to 2^32 - 1; together they are the hash.
            A row without them is nobody's duplicate.
        within_bits: at least 0 and below the number of bits.
    """

    scores: tuple[str, ...]
    within_bits: int = 4

    def __post_init__(self) -> None:
        if not self.scores or not 0 <= self.within_bits < _WORD_BITS * len(self.scores):
            raise RecipeError(
                f"duplicates: found hash columns {list(self.scores)}, within_bits {self.within_bits}; expected at "
                f"least one column and 0 to {_WORD_BITS * max(1, len(self.scores)) - 1} bits"
            )

    def index(self) -> HashIndex:
        """An empty index for one pass."""
        return HashIndex(self)


class HashIndex:
    """The hashes of kept rows. Two within d bits agree in at least one of d + 1 bands, so few are compared."""

    def __init__(self, rule: NearDuplicates) -> None:
        self._rule = rule
        bits = _WORD_BITS * len(rule.scores)
        cuts = [bits * band // (rule.within_bits + 1) for band in range(rule.within_bits + 2)]
        self._bands = [(low, (1 << (high - low)) - 1) for low, high in pairwise(cuts)]
        self._kept: list[defaultdict[int, list[int]]] = [defaultdict(list) for _ in self._bands]

    def look_ahead(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Nothing to do: a look-up is quick."""

    def has_near(self, scores: Mapping[str, float]) -> bool:
        """Whether a hash within the rule's distance was added."""
        word = self._word(scores)
        if word is None:
            return False
        return any(
            (other ^ word).bit_count() <= self._rule.within_bits
            for kept, (low, mask) in zip(self._kept, self._bands, strict=True)
            for other in kept.get(word >> low & mask, ())
        )

    def add(self, scores: Mapping[str, float]) -> None:
        """The row's hash is in the index."""
        word = self._word(scores)
        if word is None:
            return
        for kept, (low, mask) in zip(self._kept, self._bands, strict=True):
            kept[word >> low & mask].append(word)

    def _word(self, scores: Mapping[str, float]) -> int | None:
        word = 0
        for name in self._rule.scores:
            value = scores.get(name)
            if value is None:
                return None
            if value != int(value) or not 0 <= value < 1 << _WORD_BITS:
                raise RecipeError(f"duplicates: {name!r} is {value}, expected a whole number from 0 to 2^32 - 1")
            word = word << _WORD_BITS | int(value)
        return word
