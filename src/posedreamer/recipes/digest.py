"""What a data set was made from, as plain data: compared key by key when a run goes on, and stored in its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from posedreamer.bodies import load_body
from posedreamer.execution.stage import Stage
from posedreamer.labels.protocol import LabelSource
from posedreamer.recipes.schema import Recipe

__all__ = ["DEFAULT_BODY", "body_versions", "identity_of", "identity_values"]

DEFAULT_BODY = "anny"


def body_versions() -> dict[str, str]:
    """Body model id -> version, for every model that labels may use."""
    return {DEFAULT_BODY: load_body(DEFAULT_BODY).spec.version}


def identity_of(recipe: Recipe, seed: int, source: LabelSource, stages: tuple[Stage, ...]) -> dict[str, Any]:
    """Everything that decides what the data set holds; N, paths, workers, overlap and logging are not in it.

    Label sources count by their digest (files' bytes and options), not by where they lie.
    """
    versions = {stage.name: stage.version for stage in stages}
    return identity_values(recipe, seed, {"name": source.name, "digest": source.digest}, versions)


def identity_values(
    recipe: Recipe, seed: int, labels: Mapping[str, str], versions: Mapping[str, str]
) -> dict[str, Any]:
    """As ``identity_of``, of labels known by name and digest and stages known by version."""
    values = recipe.model_dump(mode="json", exclude={"description", "labels", "motion", "overlap"})
    values["gate"].pop("description", None)
    values["labels"] = dict(labels)
    values["seed"] = seed
    values["bodies"] = body_versions()
    values["stages"] = dict(versions)
    return values
