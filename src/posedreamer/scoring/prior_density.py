"""How hard is the pose? The pose prior's density of the label, as columns; the picture is not looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from posedreamer.priors.prior import PosePrior
from posedreamer.records import Annotation, Picture

__all__ = ["PriorDensityScorer"]

_BODY = "anny"


class PriorDensityScorer:
    """Hardness as in Diffusion-HPC: rare poses are those that painters and judges have seen least.

    - ``prior_log_density``: log density of the pose under the default pose prior (``priors.density``), of the person
      whose pose is rarest. Shape, place and heading do not matter.
    - ``hardness``: share of the prior's own draws that are more typical, of the same person: 0 to 1, above 1 for poses
      rarer than all of them.

    Absent for labels of other bodies than the prior's.
    """

    name = "prior_density"
    version = "1"
    gives = ("prior_log_density", "hardness")

    def fetch(self) -> None:
        """Nothing to fetch."""

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Annotation]) -> list[Mapping[str, float]]:
        """One mapping per picture, in order."""
        return [_scores(label) for _, label in zip(pictures, annotations, strict=True)]


@lru_cache(maxsize=1)
def _prior() -> PosePrior:
    return PosePrior()


def _scores(label: Annotation) -> Mapping[str, float]:
    people = [each.person for each in label.people if each.person.body_model == _BODY and each.person.parameters]
    if not people:
        return {}
    prior = _prior()
    rarest = min(prior.log_density(person.parameters) for person in people)
    return {"prior_log_density": rarest, "hardness": prior.hardness_of(rarest)}
