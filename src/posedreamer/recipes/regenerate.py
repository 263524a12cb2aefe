"""One row of a data set painted again, alone: what it takes is in the row and the recipe."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from posedreamer.errors import InputError, RunError
from posedreamer.execution.files import write_bytes
from posedreamer.generation.protocol import PaintJob, Unpainted
from posedreamer.recipes.components import build_generator
from posedreamer.recipes.origin import condition_of, open_origin
from posedreamer.records import Picture

__all__ = ["Again", "paint_again", "write_again"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A row's picture, painted again.

    Attributes:
        mean_levels, most_levels: distance to the stored picture in grey levels; where that was compressed with loss it
            is not 0 for the same picture.
        is_same_generator: name and revision are those that painted the row.
    """

    row_id: str
    path: Path
    mean_levels: float
    most_levels: int
    is_same_generator: bool

    def text(self) -> str:
        """One line."""
        note = "" if self.is_same_generator else "; the generator or its revision is another than the row's"
        return (
            f"{self.path}: {self.row_id}, mean difference to the stored picture {self.mean_levels:.2f} grey levels, "
            f"largest {self.most_levels}{note}"
        )


def write_again(dataset: Path, row_id: str, out: Path) -> Again:
    """``out`` (.png) holds the picture of one row, painted alone by the generator that the data set's recipe names.

    Raises DatasetError for no data set, InputError for an id that was not painted or a file that cannot be written,
    RunError when the generator gives no picture now.
    """
    if out.suffix.lower() != ".png":
        raise InputError(f"{out} does not end in .png; the picture is written without loss")
    picture, again = paint_again(dataset, row_id, out)
    stream = io.BytesIO()
    Image.fromarray(picture.pixels).save(stream, "PNG")
    write_bytes(out, stream.getvalue())
    return again


def paint_again(dataset: Path, row_id: str, out: Path) -> tuple[Picture, Again]:
    """The picture of ``write_again``, not written yet."""
    origin = open_origin(dataset)
    row = origin.row(row_id)
    painter = build_generator(origin.recipe)
    painter.fetch()
    condition = condition_of(row, origin.seed)
    job = PaintJob(condition=condition, candidate_index=row.sample.candidate_index, seed=row.sample.seed)
    picture = painter.paint([job])[0]
    if isinstance(picture, Unpainted):
        raise RunError(f"{painter.name} gives no picture of {row_id}: {picture.reason}")
    gap = np.abs(picture.pixels.astype(np.int16) - row.sample.pixels)
    found = (row.sample.generator, row.sample.generator_revision)
    return picture, Again(
        row_id=row_id,
        path=out,
        mean_levels=float(gap.mean()),
        most_levels=int(gap.max()),
        is_same_generator=found == (painter.name, painter.revision),
    )
