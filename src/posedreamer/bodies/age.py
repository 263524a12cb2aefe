"""Who is a minor: what a label's body says of its age."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from posedreamer.bodies import load_body
from posedreamer.bodies.phenotype import ADULT_AGE
from posedreamer.records import Person

__all__ = ["is_minor"]

_CHILD_WORDS: Final = frozenset({"baby", "child", "infant", "kid", "smil"})
"""Parts of names of templates of children: SMPL's "kid", SMIL (an infant)."""

_ROUNDING: Final = 1e-6


def is_minor(person: Person) -> bool:
    """Whether the body is that of somebody below adult age (``phenotype.ADULT_AGE``).

    Bodies with an age among their phenotypes are as old as it says. Others are minors when their name, or a parameter
    above zero, is that of a child's template ("smplx_kid", ``kid``), and adults otherwise: most bodies have no age.

    Raises RecipeError for a body with phenotypes that is not in the catalogue.
    """
    if "phenotype" in person.parameters:
        entries = load_body(person.body_model).spec.parameter("phenotype").entries
        if "age" in entries:
            age = float(np.ravel(person.parameters["phenotype"])[entries.index("age")])
            return not age >= ADULT_AGE[0] - _ROUNDING  # not finite: nobody knows that this is an adult
    if not _CHILD_WORDS.isdisjoint(re.split(r"[^a-z]+", person.body_model.lower())):
        return True
    return any(bool(np.any(values > 0.0)) for name, values in person.parameters.items() if name in _CHILD_WORDS)
