"""Policies: gates that come with the package or lie in a file, and what the data set's writers ask of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from posedreamer.dataset.decisions import Gate
from posedreamer.dataset.duplicates import AnyNear, Near, NearDuplicates
from posedreamer.dataset.embeddings import NearEmbeddings
from posedreamer.errors import RecipeError, did_you_mean
from posedreamer.recipes.components import build_policy
from posedreamer.recipes.reading import explain, read_mapping
from posedreamer.recipes.schema import DuplicatesPart, GatePart
from posedreamer.scoring.embedding import EMBEDDING
from posedreamer.scoring.gate import Policy
from posedreamer.scoring.in_order import InOrder

__all__ = ["built_in_policies", "gate_by", "load_policy", "policy_values", "scores_of"]


def built_in_policies() -> tuple[str, ...]:
    """Names of the policies that come with the package."""
    entries = files("posedreamer.recipes").joinpath("data", "policies").iterdir()
    return tuple(sorted(each.name.removesuffix(".yaml") for each in entries if each.name.endswith(".yaml")))


def policy_values(name_or_path: str) -> dict[str, Any]:
    """The keys and values of a policy that comes with the package, or of one in a YAML file.

    Raises RecipeError for an unknown name and for a file that is no YAML mapping.
    """
    if name_or_path.endswith((".yaml", ".yml")):
        return read_mapping(f"policy {name_or_path}", Path(name_or_path))
    known = built_in_policies()
    if name_or_path not in known:
        raise RecipeError(
            f"unknown policy {name_or_path!r}; known: {', '.join(known)}, or a path ending in .yaml."
            f"{did_you_mean(name_or_path, known)}"
        )
    return read_mapping(
        f"policy {name_or_path}", files("posedreamer.recipes").joinpath("data", "policies", f"{name_or_path}.yaml")
    )


def load_policy(name_or_path: str) -> GatePart:
    """The policy of that name or in that file. Raises RecipeError as ``load_recipe`` does."""
    try:
        return GatePart.model_validate(policy_values(name_or_path))
    except ValidationError as error:
        raise RecipeError(explain(f"policy {name_or_path}", error, GatePart)) from None


def scores_of(part: GatePart) -> tuple[str, ...]:
    """Every score that the gate looks at, each once."""
    return tuple(dict.fromkeys((*build_policy(part).scores(), *_compared(part.duplicates))))


def gate_by(part: GatePart, score_names: Sequence[str]) -> Gate:
    """The gate as the data set's writers ask for it. Raises RecipeError for a rule on a score that is not there."""
    policy = build_policy(part)
    policy.check(score_names)
    for name in _compared(part.duplicates):
        if name not in score_names:
            hint = " Add the scorer `embedding`." if name in EMBEDDING else did_you_mean(name, score_names)
            raise RecipeError(
                f"gate {part.name!r}: duplicates look at {name!r}, which no scorer of this recipe gives; "
                f"they give: {', '.join(score_names) or 'nothing'}.{hint}"
            )
    return Gate(
        decide=_Decide(policy),
        in_order=partial(InOrder, policy) if policy.quantiles or policy.budgets else None,
        near=_near(part.duplicates) if part.duplicates else None,
    )


def _compared(part: DuplicatesPart | None) -> tuple[str, ...]:
    """Scores that are looked at for duplicates."""
    if part is None:
        return ()
    return part.scores if part.min_cosine is None else (*part.scores, *EMBEDDING)


def _near(part: DuplicatesPart) -> Near:
    rules: list[Near] = []
    if part.scores:
        rules.append(NearDuplicates(scores=part.scores, within_bits=part.within_bits))
    if part.min_cosine is not None:
        rules.append(NearEmbeddings(scores=EMBEDDING, min_cosine=part.min_cosine))
    return rules[0] if len(rules) == 1 else AnyNear(tuple(rules))


@dataclass(frozen=True, slots=True)
class _Decide:
    policy: Policy

    def __call__(self, scores: Mapping[str, float], facts: Mapping[str, str]) -> tuple[bool, str]:
        decision = self.policy.decide(scores, facts)
        return decision.keep, decision.reason
