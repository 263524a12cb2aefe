"""A plan: the stages in order, their needs met by what came before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from posedreamer.errors import RecipeError, did_you_mean
from posedreamer.execution.stage import Stage

__all__ = ["PlanRow", "plan_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One line of a printed plan."""

    stage: str
    version: str
    needs: tuple[str, ...]
    gives: tuple[str, ...]


def plan_rows(stages: Sequence[Stage], given: Sequence[str]) -> tuple[PlanRow, ...]:
    """The stages as rows to print, every need met by ``given`` or by an earlier stage.

    Raises RecipeError that names the stage and its first unmet need, or a stage name used twice.
    """
    known = list(given)
    rows: list[PlanRow] = []
    for stage in stages:
        if stage.name in {row.stage for row in rows}:
            raise RecipeError(f"two stages are called {stage.name!r}; give each a name of its own")
        for need in stage.needs:
            if need not in known:
                raise RecipeError(
                    f"stage {stage.name!r} needs {need!r}, but the stages before it give {', '.join(known)}: "
                    f"put a stage that gives {need!r} before it.{did_you_mean(need, known)}"
                )
        rows.append(PlanRow(stage=stage.name, version=stage.version, needs=stage.needs, gives=stage.gives))
        known += stage.gives
    return tuple(rows)
