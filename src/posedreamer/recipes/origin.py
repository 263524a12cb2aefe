"""A finished data set as conditions to paint again: labels, scenes and captions from its rows, nothing drawn anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Int64

from posedreamer.dataset.manifest import BLOCKS_FOLDER, Manifest
from posedreamer.dataset.open import Dataset, open_dataset
from posedreamer.dataset.sample import Sample, sample_of
from posedreamer.dataset.schema import KEPT
from posedreamer.errors import DatasetError, InputError
from posedreamer.execution.blocks import block_at
from posedreamer.execution.parquet import read_table
from posedreamer.recipes.digest import body_versions
from posedreamer.recipes.schema import Recipe
from posedreamer.records import Condition, Label
from posedreamer.scenes.annotate import annotate
from posedreamer.scenes.buffers import rasterize_scene
from posedreamer.scenes.build import scene_of

__all__ = ["Origin", "OriginRow", "condition_of", "conditions_of", "open_origin", "recipe_of"]

_NOT_RECIPE: Final = ("labels", "seed", "bodies", "stages", "origin")
"""Keys that a manifest's recipe has and a recipe file has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginRow:
    """A painted row: its place in the stream of labels, and the sample as it is stored."""

    index: int
    sample: Sample = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A finished data set and which of its painted rows are meant.

    Attributes:
        ids, indices: of its painted rows, in ledger order.
        places: where each of them lies in the samples, -1 for those that were not kept.
        seed: the user's, of every draw.
    """

    dataset: Dataset = field(repr=False)
    recipe: Recipe = field(repr=False)
    seed: int
    ids: tuple[str, ...] = field(repr=False)
    indices: Int64[np.ndarray, " n"] = field(repr=False)
    places: Int64[np.ndarray, " n"] = field(repr=False)

    @property
    def is_kept(self) -> Bool[np.ndarray, " n"]:
        """Of each painted row, whether it is among the samples."""
        return self.places >= 0

    @property
    def manifest(self) -> Manifest:
        """What its ``dataset.json`` says."""
        return self.dataset.manifest

    def rows(self, first: int, last: int, *, every: bool) -> list[OriginRow]:
        """Kept rows of labels ``first`` to ``last``, both included; with ``every`` all that were painted.

        Raises DatasetError where the pictures of dropped rows were pruned and with them their labels.
        """
        low, high = np.searchsorted(self.indices, [first, last + 1]).tolist()
        wanted = [row for row in range(low, high) if every or self.places[row] >= 0]
        stored = self._stored(first) if any(self.places[row] < 0 for row in wanted) else {}
        return [self._row(row, stored) for row in wanted]

    def row(self, row_id: str) -> OriginRow:
        """The row of that id. Raises InputError for an id that was not painted, DatasetError for a pruned one."""
        if row_id not in self.ids:
            raise InputError(f"{self.dataset.path} has no painted row {row_id!r}; give an id of its ledger")
        row = self.ids.index(row_id)
        return self._row(row, {} if self.places[row] >= 0 else self._stored(int(self.indices[row])))

    def _row(self, row: int, stored: Mapping[str, Mapping[str, Any]]) -> OriginRow:
        place = int(self.places[row])
        sample = self.dataset[place] if place >= 0 else sample_of({**stored[self.ids[row]], "split": ""})
        return OriginRow(index=int(self.indices[row]), sample=sample)

    def _stored(self, index: int) -> dict[str, Mapping[str, Any]]:
        """Rows of the block file that holds a label, by id."""
        block = block_at(index // self.recipe.block_size, self.recipe.block_size)
        path = self.dataset.path / BLOCKS_FOLDER / f"{block.block_id}.parquet"
        if not path.exists():
            raise DatasetError(
                f"{path} is not there: rows that were not kept are gone with it. Take the kept rows alone"
            )
        return {row["id"]: row for row in read_table(path).to_pylist()}


def open_origin(path: Path) -> Origin:
    """The finished data set in a folder.

    Raises DatasetError for a folder that is none, or one that no recipe wrote.
    """
    dataset = open_dataset(path)
    recipe, seed = recipe_of(dataset.manifest, path)
    painted: list[Mapping[str, Any]] = []
    if dataset.manifest.ledger:
        table = dataset.ledger(["id", "index", "decision", "content_hash"])
        painted = [row for row in table.to_pylist() if row["content_hash"] is not None]
    is_kept = np.array([row["decision"] == KEPT for row in painted], dtype=np.bool_)
    return Origin(
        dataset=dataset,
        recipe=recipe,
        seed=seed,
        ids=tuple(row["id"] for row in painted),
        indices=np.array([row["index"] for row in painted], dtype=np.int64),
        places=np.where(is_kept, np.cumsum(is_kept) - 1, -1),
    )


def recipe_of(manifest: Manifest, path: Path) -> tuple[Recipe, int]:
    """The recipe a data set was made with, under the gate that decided last, and the seed.

    Its labels are not in it: the rows hold them. Raises DatasetError where the manifest holds no recipe.
    """
    values = {key: value for key, value in manifest.recipe.items() if key not in _NOT_RECIPE}
    if manifest.policy:
        values["gate"] = dict(manifest.policy)
    try:
        return Recipe.model_validate(values), int(manifest.recipe["seed"])
    except (KeyError, ValueError) as error:
        raise DatasetError(f"{path} holds no recipe of this version in its dataset.json: {error}") from error


def condition_of(row: OriginRow, seed: int) -> Condition:
    """The condition of a row: the same mesh, camera, things and caption; its maps are rendered again.

    Raises DatasetError for a row whose body is not the one that is installed.
    """
    sample, installed = row.sample, body_versions()
    for person, version in zip(sample.people, sample.body_versions, strict=True):
        name = person.person.body_model
        if installed.get(name) != version:
            raise DatasetError(
                f"{sample.id} was made with body {name} {version}, installed is {installed.get(name, 'none')}; "
                "install that version"
            )
    label = Label(
        label_id=sample.label_id,
        index=row.index,
        people=tuple(person.person for person in sample.people),
        source=sample.source,
        clip=sample.clip,
        licence=sample.licence,
        seed=seed,
    )
    scene = scene_of(label, sample.camera, sample.props)
    buffers = rasterize_scene(scene)
    return Condition(
        condition_id=sample.condition_id,
        scene=scene,
        buffers=buffers,
        annotation=annotate(scene, buffers),
        caption=sample.caption,
    )


def conditions_of(rows: Sequence[OriginRow], seed: int) -> list[Condition]:
    """One per row; candidates of one condition share it."""
    known: dict[str, Condition] = {}
    for row in rows:
        if row.sample.condition_id not in known:
            known[row.sample.condition_id] = condition_of(row, seed)
    return [known[row.sample.condition_id] for row in rows]
