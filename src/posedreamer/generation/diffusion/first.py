"""First pictures for a second pass: from a folder by id, or painted on the spot by another generator."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from posedreamer.catalog import factory
from posedreamer.errors import InputError, RecipeError, did_you_mean
from posedreamer.generation.protocol import Generator, PaintJob, Unpainted

__all__ = ["NO_FIRST_PICTURE", "FirstPictures", "Pixels", "keys_of", "read_first"]

NO_FIRST_PICTURE: Final = "no_first_picture"
"""Reason of a job that has no first picture."""

Pixels = UInt8[np.ndarray, "h w 3"]

_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPictures:
    """Where first pictures come from: either a folder, or a generator of the catalogue that paints the same jobs.

    Attributes:
        folder: pictures named by id (``keys_of``).
        generator: catalogue name.
        options: the generator's, as JSON.
    """

    folder: str = ""
    generator: str = ""
    options: str = "{}"

    def pictures(self, jobs: Sequence[PaintJob]) -> list[Pixels | Unpainted]:
        """One first picture per job, or why it has none.

        Raises InputError for one that cannot be read or has another size than the job's camera.
        """
        if self.folder:
            return [_from_folder(self.folder, job) for job in jobs]
        painter, found = self._painter, list[Pixels | Unpainted]()
        for start in range(0, len(jobs), painter.batch_size):
            few = painter.paint(jobs[start : start + painter.batch_size])
            found += [each if isinstance(each, Unpainted) else each.pixels for each in few]
        return found

    def fetch(self) -> None:
        """The folder holds pictures, or the generator has all it needs. Raises InputError, MissingWeightsError."""
        if not self.folder:
            self._painter.fetch()
        elif not _names(self.folder):
            raise InputError(
                f"{self.folder} holds no first pictures; expected files named by candidate, condition, label or clip "
                f"id, ending in {', '.join(_SUFFIXES)}"
            )

    @property
    def pin(self) -> str:
        """Changes when any first picture changes."""
        return _digest(self.folder) if self.folder else f"{self._painter.name} {self._painter.revision}"

    @property
    def licences(self) -> list[str]:
        """Of the generator's models; pictures in a folder keep their own, which nobody states here."""
        return [] if self.folder else [self._painter.licence]

    @property
    def _painter(self) -> Generator:
        return _built(self.generator, self.options)


def read_first(value: object, option: str) -> FirstPictures:
    """{folder: ...}, or {generator: ..., options: {...}}. Raises RecipeError for anything else."""
    if isinstance(value, FirstPictures):
        return value
    known = ("folder", "generator", "options")
    if not isinstance(value, Mapping):
        raise RecipeError(f"{option} is {value!r}, expected a mapping: folder, or generator with its options")
    values = cast("Mapping[str, Any]", value)
    for key in values:
        if key not in known:
            raise RecipeError(f"{option} has no key {key!r}; it has: {', '.join(known)}.{did_you_mean(key, known)}")
    if bool(values.get("folder")) == bool(values.get("generator")):
        raise RecipeError(f"{option} needs either a folder of pictures named by id, or the name of a generator")
    options = json.dumps(values.get("options") or {}, sort_keys=True)
    made = FirstPictures(
        folder=str(values.get("folder") or ""), generator=str(values.get("generator") or ""), options=options
    )
    if made.generator:
        _built(made.generator, options)
    return made


def keys_of(job: PaintJob) -> tuple[str, ...]:
    """Names, without suffix, that a job's first picture may have: its candidate's, condition's, label's, clip's.

    The last is the name of a picture that a label was fitted to.
    """
    label = job.condition.scene.label
    name = f"{job.condition.condition_id}-{job.candidate_index}"
    return name, job.condition.condition_id, label.label_id, Path(label.clip).stem


def _from_folder(folder: str, job: PaintJob) -> Pixels | Unpainted:
    names = _names(folder)
    found = next((names[key] for key in keys_of(job) if key in names), None)
    if found is None:
        return Unpainted(reason=NO_FIRST_PICTURE)
    path = Path(folder).expanduser() / found
    try:
        with Image.open(path) as file:
            pixels = np.asarray(file.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"the first picture {path} cannot be read: {error}") from error
    camera = job.condition.scene.camera
    if pixels.shape[:2] != (camera.height, camera.width):
        raise InputError(
            f"the first picture {path} is {pixels.shape[1]} x {pixels.shape[0]}, the camera of "
            f"{job.condition.condition_id} is {camera.width} x {camera.height}; they must be the same"
        )
    return pixels


@lru_cache(maxsize=4)
def _digest(folder: str) -> str:
    """12 digits over the names and contents of the pictures."""
    digest = hashlib.sha256()
    for name in sorted(_names(folder).values()):
        digest.update(name.encode())
        digest.update((Path(folder).expanduser() / name).read_bytes())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=4)
def _names(folder: str) -> dict[str, str]:
    """Stem -> file name. Raises InputError for a folder that is not there."""
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise InputError(f"there is no folder of first pictures at {path}")
    return {file.stem: file.name for file in sorted(path.iterdir()) if file.suffix.lower() in _SUFFIXES}


@lru_cache(maxsize=4)
def _built(name: str, options: str) -> Generator:
    try:
        return cast("Generator", factory("generator", name)(**json.loads(options)))
    except TypeError as error:
        raise RecipeError(f"the first pictures' generator {name!r} cannot be made with {options}: {error}") from error
