"""Sources made of other sources: poses of one with shapes of another, and variations around guide poses."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from math import isfinite
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float32

from posedreamer.bodies import load_body
from posedreamer.bodies.phenotype import adult_phenotypes
from posedreamer.errors import InputError
from posedreamer.labels.protocol import LabelSource, label_id_of
from posedreamer.priors.prior import PosePrior
from posedreamer.records import Label, Person
from posedreamer.seeds import generator_for

__all__ = ["ReshapedSource", "VariedSource"]

_SHAPE: Final = "phenotype"


class ReshapedSource:
    """Poses of one source with other people's shapes: adults drawn anew, or people of a second source.

    The lowest point of each person stays as high above the ground as it was, so feet stay on it.
    """

    def __init__(self, poses: LabelSource, shapes: LabelSource | None = None) -> None:
        """``shapes``: where phenotypes come from; None draws adults."""
        self._poses, self._shapes = poses, shapes

    @property
    def name(self) -> str:
        """The pose source's name: it is the motion that rows ask after."""
        return self._poses.name

    @property
    def licence(self) -> str:
        """The licences of poses and shapes."""
        licences = (self._poses.licence,) if self._shapes is None else (self._poses.licence, self._shapes.licence)
        return " and ".join(dict.fromkeys(licences))

    @property
    def digest(self) -> str:
        """Composed of both sources' digests."""
        return _digest("reshaped-1", self._poses.digest, "adults" if self._shapes is None else self._shapes.digest)

    def label(self, index: int, seed: int) -> Label:
        """The pose source's label of ``index`` with other shapes, under the user's seed."""
        base = self._poses.label(index, seed)
        rng = generator_for(seed, f"{self.digest}-{index}", "shape")
        licence = base.licence
        if self._shapes is None:
            drawn = list(adult_phenotypes(rng, len(base.people)))
        else:
            donor = self._shapes.label(index, seed)
            licence = " and ".join(dict.fromkeys((base.licence, donor.licence)))
            drawn = [_shape_of(donor, int(rng.integers(len(donor.people)))) for _ in base.people]
        people = tuple(_reshaped(person, shape) for person, shape in zip(base.people, drawn, strict=True))
        label_id = label_id_of(index, seed, self.digest)
        return replace(base, label_id=label_id, people=people, licence=licence)


class VariedSource:
    """Several poses around each guide pose (Diffusion-HPC's pose augmentation): the guide itself, then variations.

    Labels ``k * copies`` to ``k * copies + copies - 1`` share the guide pose ``k``, its shape and its clip, so that
    splits keep them together.
    """

    def __init__(self, guides: LabelSource, copies: int = 4, spread_deg: float = 8.0) -> None:
        """``spread_deg``: deviation of the widest joints (5 is a variation, 20 another pose).

        Raises InputError for fewer than one copy or a spread outside 0 to 60 degrees.
        """
        if copies < 1 or not isfinite(spread_deg) or not 0.0 <= spread_deg <= 60.0:
            raise InputError(
                f"variations: found copies={copies}, spread_deg={spread_deg}; expected copies >= 1 and 0 to 60 degrees"
            )
        self._guides, self._copies, self._spread_deg = guides, copies, spread_deg

    @property
    def name(self) -> str:
        """The guides' name."""
        return self._guides.name

    @property
    def licence(self) -> str:
        """The guides' licence."""
        return self._guides.licence

    @property
    def digest(self) -> str:
        """Composed of the guides' digest and the options."""
        return _digest("varied-1", self._guides.digest, str(self._copies), repr(float(self._spread_deg)))

    def label(self, index: int, seed: int) -> Label:
        """The guide or a variation of it, under the user's seed."""
        guide, copy = divmod(index, self._copies)
        base = self._guides.label(guide, seed)
        label_id = label_id_of(index, seed, self.digest)
        if copy == 0:
            return replace(base, label_id=label_id, index=index)
        rng = generator_for(seed, f"{self.digest}-{index}", "variation")
        people = tuple(_varied(person, rng, self._spread_deg) for person in base.people)
        return replace(base, label_id=label_id, index=index, people=people)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1e".join(parts).encode(), digest_size=16).hexdigest()


@cache
def _prior() -> PosePrior:
    return PosePrior()


def _shape_of(label: Label, k: int) -> Float32[np.ndarray, "6"]:
    parameters = label.people[k].parameters
    if _SHAPE not in parameters:
        raise InputError(f"people of {label.source} have no {_SHAPE}; expected labels of the anny body as shapes")
    return parameters[_SHAPE]


def _reshaped(person: Person, shape: Float32[np.ndarray, "6"]) -> Person:
    """The person in another shape, the lowest vertex as high as before."""
    changed = dict(person.parameters) | {_SHAPE: shape}
    rise_m = _lowest_m(person.body_model, person.parameters) - _lowest_m(person.body_model, changed)
    changed["transl"] = person.parameters["transl"] + np.array([0.0, 0.0, rise_m], dtype=np.float32)
    return _with(person, changed)


def _lowest_m(model: str, parameters: Mapping[str, Float32[np.ndarray, "..."]]) -> float:
    posed = load_body(model).pose({name: np.array(value)[None] for name, value in parameters.items()})
    return float(posed.vertices_m[0, :, 2].min())


def _varied(person: Person, rng: np.random.Generator, spread_deg: float) -> Person:
    own = {name: np.array(value) for name, value in person.parameters.items()}
    return _with(person, _prior().perturb(own, rng, spread_deg))


def _with(person: Person, parameters: Mapping[str, Float32[np.ndarray, "..."]]) -> Person:
    frozen: dict[str, Float32[np.ndarray, "..."]] = {}
    for name, value in parameters.items():
        frozen[name] = np.array(value, dtype=np.float32)
        frozen[name].flags.writeable = False
    return replace(person, parameters=MappingProxyType(frozen))
