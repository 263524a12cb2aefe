"""``posedreamer gate``: another policy over a finished data set, with a table of what it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posedreamer.dataset.manifest import read_manifest
from posedreamer.dataset.regate import NewGate, Regated, redecide, regate_dataset
from posedreamer.errors import RecipeError
from posedreamer.recipes.components import build_policy
from posedreamer.recipes.gate_table import Fate, fates_of, table_lines
from posedreamer.recipes.policies import gate_by, load_policy, scores_of
from posedreamer.recipes.schema import GatePart

__all__ = ["RECIPES_OWN", "RegateResult", "regate"]

RECIPES_OWN = "recipe"
"""The policy name that stands for the gate of the recipe the data set was made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegateResult:
    """What another gate makes of a data set, and where it was written; ``target`` is None where it was not."""

    policy: str
    path: Path
    target: Path | None
    regated: Regated = field(repr=False)
    fates: tuple[Fate, ...] = field(repr=False)

    def text(self) -> str:
        """The table as plain lines."""
        end = f"written: {self.target}" if self.target else "nothing written"
        lines = table_lines(self.regated.before, self.regated.after, self.fates)
        return "\n".join([f"gate {self.policy!r} over {self.path}", "", *lines, "", end])


def regate(
    path: Path, policy: str, *, out: Path | None = None, num: int | None = None, dry_run: bool = False
) -> RegateResult:
    """The data set (or a new one in ``out``) holds what ``policy`` keeps of its ledger.

    Args:
        path: a finished data set.
        policy: a policy of the package, a path ending in .yaml, or "recipe" for the recipe's own gate.
        out: another folder; without it the data set itself is changed.
        num: keep at most this many; None keeps all that pass.
        dry_run: only look what would change.

    Raises:
        RecipeError: an unknown or wrong policy, or one that looks at scores the data set does not have.
        DatasetError: a damaged data set, or pictures to keep that are gone.
        RunError: another process writes it, or the disk is full; the data set is as it was or as it will be.
    """
    manifest = read_manifest(path)
    part = _own_gate(manifest.recipe, path) if policy == RECIPES_OWN else load_policy(policy)
    new = NewGate(
        gate=gate_by(part, manifest.score_names),
        scores=scores_of(part),
        policy={} if policy == RECIPES_OWN else part.model_dump(mode="json"),
        num=num,
    )
    if dry_run:
        regated = redecide(path, manifest, new)
    else:
        regated, _ = regate_dataset(path, new, int(manifest.recipe["block_size"]), out)
    return RegateResult(
        policy=part.name,
        path=path,
        target=None if dry_run else out or path,
        regated=regated,
        fates=fates_of(regated.before, regated.after, build_policy(part)),
    )


def _own_gate(recipe: Any, path: Path) -> GatePart:
    gate = recipe.get("gate")
    if not isinstance(gate, dict) or "block_size" not in recipe:
        raise RecipeError(f"{path} has no recipe with a gate in its dataset.json; give a policy by name or file")
    return GatePart.model_validate(gate)
