"""Weighted mixtures of label sources."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from posedreamer.errors import InputError
from posedreamer.labels.protocol import LabelSource, label_id_of
from posedreamer.records import Label
from posedreamer.seeds import generator_for

__all__ = ["MixtureSource"]


class MixtureSource:
    """Each index draws one of several sources, by weight, and takes that source's label of the same index."""

    def __init__(self, sources: Sequence[tuple[LabelSource, float]]) -> None:
        """Sources with their weights.

        Raises InputError when there is no source, or when the weights cannot be drawn from.
        """
        weights = [weight for _, weight in sources]
        if not all(isfinite(weight) and weight >= 0 for weight in weights) or sum(weights) <= 0:
            raise InputError(f"label weights: found {weights}, expected numbers >= 0 with some above 0")
        self._sources = tuple(source for source, weight in sources if weight > 0)
        self._weights = np.array([weight for weight in weights if weight > 0]) / sum(weights)

    @property
    def name(self) -> str:
        """The sources' names, joined."""
        return "+".join(source.name for source in self._sources)

    @property
    def licence(self) -> str:
        """The sources' licences, each once; a label carries its own source's alone."""
        return " and ".join(dict.fromkeys(source.licence for source in self._sources))

    @property
    def digest(self) -> str:
        """Composed of the sources' digests and weights."""
        parts = [f"{s.digest}\x1f{w!r}" for s, w in zip(self._sources, self._weights.tolist(), strict=True)]
        return hashlib.blake2b("\x1e".join(["mixture-1", *parts]).encode(), digest_size=16).hexdigest()

    def label(self, index: int, seed: int) -> Label:
        """The label of ``index`` under the user's seed; ``source``, ``clip`` and ``licence`` are the drawn source's."""
        rng = generator_for(seed, str(index), "mixture")
        source = self._sources[int(rng.choice(len(self._sources), p=self._weights))]
        return replace(source.label(index, seed), label_id=label_id_of(index, seed, self.digest))
