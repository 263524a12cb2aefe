"""The procedural studio as a generator: shaded pictures whose labels are exact, on any machine, free for any use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from posedreamer.errors import InputError
from posedreamer.generation.protocol import PaintJob
from posedreamer.records import Picture
from posedreamer.studio.painter import paint_condition
from posedreamer.studio.photos import PhotoFolder
from posedreamer.studio.styles import check_style

__all__ = ["StudioGenerator"]

REVISION: Final = "4"
"""Raised whenever any pixel changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioGenerator:
    """Paints each job alone, so the batch size changes nothing.

    Attributes:
        backgrounds: a folder of photos to stand behind the people; empty paints the caption's place.
        style: "photo"; or, as other domains to test on, "snapshot" (a flash in the dark) or "drawn".
        batch_size: how many jobs ``paint`` is given at once.
    """

    backgrounds: str = ""
    style: str = "photo"
    batch_size: int = 8

    def __post_init__(self) -> None:
        """Refuse a batch of nothing, a style that is none, and a folder without pictures."""
        check_style(self.style)
        if self.batch_size < 1:
            raise InputError(f"studio.batch_size is {self.batch_size}, expected at least 1.")
        _photos(self.backgrounds)

    @property
    def name(self) -> str:
        """Catalogue id."""
        return "studio"

    @property
    def revision(self) -> str:
        """The painter's own revision, the style, and which photos stand behind the people."""
        photos = _photos(self.backgrounds)
        revision = REVISION if self.style == "photo" else f"{REVISION}, style {self.style}"
        return revision if photos is None else f"{revision}, photos {photos.digest()}"

    @property
    def licence(self) -> str:
        """The studio draws everything itself; photos that the user gives keep their own licence."""
        return "Apache-2.0"

    @property
    def source_type(self) -> str:
        """Nothing here was learned."""
        return "algorithmicMedia"

    @property
    def about(self) -> str:
        """What its pictures are."""
        return "Procedural renderings of dressed people in painted places; not photographs. Labels are exact."

    def fetch(self) -> None:
        """Nothing to fetch: the studio has no weights."""

    def paint(self, jobs: Sequence[PaintJob]) -> list[Picture]:
        """One picture per job, in order, of the size of the job's camera.

        Raises InputError for a caption with a word that the studio cannot paint, or an unreadable background.
        """
        photos = _photos(self.backgrounds)
        style = check_style(self.style)
        return [paint_condition(job.condition, job.seed, photos, style) for job in jobs]


@lru_cache(maxsize=4)
def _photos(folder: str) -> PhotoFolder | None:
    return PhotoFolder.open(Path(folder).expanduser()) if folder else None
