"""Labels from the pose prior: adults in poses of named families, alone or in twos."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Final

import numpy as np
from jaxtyping import Float32

from posedreamer.errors import RecipeError
from posedreamer.labels.protocol import label_id_of
from posedreamer.priors.pairs import place_beside
from posedreamer.priors.prior import REVISION, PosePrior, PriorSample
from posedreamer.records import Label, Person
from posedreamer.seeds import generator_for

__all__ = ["PriorSource"]

_LICENCE: Final = "CC0-1.0"


class PriorSource:
    """An endless stream of prior poses; each label is its own clip.

    ``families``: weights by name, None for the default mixture; ``people``: how many in every label (1 or 2);
    ``two_people``: probability of a second person where ``people`` is 1. Raises RecipeError for unknown families or
    numbers out of range.
    """

    def __init__(self, families: Mapping[str, float] | None = None, people: int = 1, two_people: float = 0.0) -> None:
        if people not in (1, 2):
            raise RecipeError(f"the prior was asked for {people} people in a label; expected 1 or 2")
        if not 0.0 <= two_people <= 1.0:
            raise RecipeError(f"two_people is {two_people}; expected a probability from 0 to 1")
        self._families = None if families is None else dict(families)
        self._two_people = 1.0 if people == 2 else two_people
        self._prior = PosePrior(self._families)

    @property
    def name(self) -> str:
        """What rows call this source."""
        return "prior"

    @property
    def licence(self) -> str:
        """The labels are made from nothing but this code and a CC0 body."""
        return _LICENCE

    @cached_property
    def digest(self) -> str:
        """Hash of the prior's revision and the options."""
        options = {"revision": REVISION, "families": self._families, "two_people": self._two_people}
        return hashlib.blake2b(json.dumps(options, sort_keys=True).encode(), digest_size=16).hexdigest()

    def label(self, index: int, seed: int) -> Label:
        """The label of ``index`` under the user's seed."""
        rng = generator_for(seed, f"prior-{index}", "label")
        samples: list[PriorSample] = [self._prior.sample(rng)]
        offsets = [np.zeros(3, dtype=np.float32)]
        if rng.random() < self._two_people:
            samples.append(self._prior.sample(rng))
            offsets.append(place_beside(self._prior, samples[0], samples[1], rng))
        label_id = label_id_of(index, seed, self.digest)
        return Label(
            label_id=label_id,
            index=index,
            people=tuple(_person(sample, offset) for sample, offset in zip(samples, offsets, strict=True)),
            source=self.name,
            clip=label_id,
            licence=self.licence,
            seed=seed,
        )


def _person(sample: PriorSample, offset_m: Float32[np.ndarray, "3"]) -> Person:
    parameters = dict(sample.parameters)
    parameters["transl"] = parameters["transl"] + offset_m
    return Person(body_model="anny", parameters=parameters, action=sample.action)
