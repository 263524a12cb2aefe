"""``dataset.json``: what a data set is, of which recipe, with which parts; writing it is what commits a data set."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import posedreamer
from posedreamer.dataset.schema import SCHEMA_VERSION
from posedreamer.errors import DatasetError, RecipeError
from posedreamer.execution.blocks import BlockFolder
from posedreamer.execution.files import make_folder, remove_stale_temporaries, write_bytes
from posedreamer.execution.lock import hold_lock

__all__ = [
    "BEGUN",
    "BLOCKS_FOLDER",
    "COMPLETE",
    "MANIFEST_NAME",
    "Counts",
    "Manifest",
    "Part",
    "begin_dataset",
    "find_manifest",
    "first_difference",
    "hold_dataset",
    "read_manifest",
    "recipe_digest_of",
    "write_manifest",
]

MANIFEST_NAME = "dataset.json"
BLOCKS_FOLDER = "blocks"
_LOCK_NAME = ".lock"
BEGUN = "begun"
COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of the data set; ``path`` is relative to its folder."""

    path: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of every candidate: kept + surplus + dropped + failed = candidates.

    Attributes:
        labels: different labels among the candidates.
        by_split: of the kept samples.
        by_reason: of the dropped ones.
        by_licence: of the kept samples' labels.
    """

    candidates: int = 0
    kept: int = 0
    surplus: int = 0
    dropped: int = 0
    failed: int = 0
    labels: int = 0
    by_split: Mapping[str, int] = field(default_factory=dict[str, int])
    by_reason: Mapping[str, int] = field(default_factory=dict[str, int])
    by_licence: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The content of ``dataset.json``.

    Attributes:
        state: "begun" until the first reduction ends, then "complete".
        recipe: the resolved recipe, without what may change between runs (number of samples, paths, workers, logging).
        recipe_digest: hash of ``recipe``.
        identity_digest: hash of ids, labels, captions and seeds, equal on every machine.
        content_digest: hash of pixels, scores, decisions and splits, equal on the same machine and versions.
        requested: kept samples asked for.
        versions: what made it: packages, models, weights.
        licences: what -> licence: labels, bodies, generators, judges.
        about: what -> plain sentences on what it is and is not.
        origin: of a repaint the data set whose rows it has: ``path`` from this folder, ``rows`` ("kept" or "all") and
            its digests; else empty.
        policy: the gate that decided, where it is not the recipe's own (``dataset.regate``); else empty.
    """

    state: str
    recipe: Mapping[str, Any]
    recipe_digest: str
    schema_version: int = SCHEMA_VERSION
    package_version: str = posedreamer.__version__
    identity_digest: str = ""
    content_digest: str = ""
    requested: int = 0
    counts: Counts = field(default_factory=Counts)
    score_names: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    licences: Mapping[str, str] = field(default_factory=dict[str, str])
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: Mapping[str, Any] = field(default_factory=dict[str, Any])
    policy: Mapping[str, Any] = field(default_factory=dict[str, Any])
    samples: tuple[Part, ...] = ()
    ledger: tuple[Part, ...] = ()


def recipe_digest_of(recipe: Mapping[str, Any]) -> str:
    """Hash of a recipe; the order of its keys does not matter. Raises RecipeError for values that JSON cannot hold."""
    return hashlib.blake2b(_json(recipe).encode(), digest_size=16).hexdigest()


def begin_dataset(path: Path, recipe: Mapping[str, Any]) -> str:
    """The folder holds a data set of this recipe, new or begun before; its recipe digest.

    Raises RecipeError naming the first value that differs from the recipe it was begun with, InputError when the
    folder cannot be written, DatasetError when it holds something else.
    """
    digest = recipe_digest_of(recipe)
    found = find_manifest(path)
    if found is None:
        _refuse_foreign(path)
        make_folder(path)
        write_manifest(path, Manifest(state=BEGUN, recipe=recipe, recipe_digest=digest))
    elif found.recipe_digest != digest:
        key, old, new = first_difference(found.recipe, recipe)
        raise RecipeError(
            f"{path} was begun with another recipe: {key} was {old}, now {new}; "
            "use the first recipe to continue it, or another --out for a new data set"
        )
    else:
        make_folder(path)
    return digest


@contextmanager
def hold_dataset(path: Path, recipe: Mapping[str, Any]) -> Generator[BlockFolder, None, None]:
    """While the block runs, the data set of this folder is this process's to write; yields its block files.

    Raises what ``begin_dataset`` raises, and RunError when another process writes it.
    """
    if find_manifest(path) is None:
        _refuse_foreign(path)
    make_folder(path)
    with hold_lock(path / _LOCK_NAME):
        folder = BlockFolder(path / BLOCKS_FOLDER, begin_dataset(path, recipe))
        folder.prepare()
        remove_stale_temporaries(path)
        yield folder


def first_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, str, str]:
    """The first dotted key whose value differs, with both values as JSON. Raises ValueError for equal recipes."""
    before = dict(_leaves(json.loads(_json(old)), ""))
    after = dict(_leaves(json.loads(_json(new)), ""))
    for key in [*before, *after]:
        if before.get(key) != after.get(key):
            return key, before.get(key, "(absent)"), after.get(key, "(absent)")
    raise ValueError("the recipes are equal")


def _leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    inner: dict[str, Any] = {}
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value)
    elif isinstance(value, list):
        inner = {str(place): each for place, each in enumerate(cast("list[Any]", value))}
    if not inner:
        yield key, _json(value)
    for name, each in inner.items():
        yield from _leaves(each, f"{key}.{name}" if key else name)


def find_manifest(path: Path) -> Manifest | None:
    """The manifest of the folder, None when it has none. Raises DatasetError when it cannot be read."""
    if not (path / MANIFEST_NAME).exists():
        return None
    return read_manifest(path)


def read_manifest(path: Path) -> Manifest:
    """The manifest of a data set. Raises DatasetError when the folder is no data set, damaged or of another version."""
    file = path / MANIFEST_NAME
    try:
        found = json.loads(file.read_text())
    except OSError as error:
        raise DatasetError(
            f"{path} is no data set: it has no {MANIFEST_NAME} ({error.strerror}); give a folder that "
            "`posedreamer generate --out` wrote"
        ) from error
    except ValueError as error:
        raise DatasetError(f"{file} is damaged ({error}); restore it or generate the data set again") from error
    values = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    version = values.get("schema_version")
    if version != SCHEMA_VERSION:
        raise DatasetError(
            f"{file} has schema version {version}, this package reads {SCHEMA_VERSION}; "
            "use the package version that wrote it"
        )
    return _manifest_of(file, values)


def write_manifest(path: Path, manifest: Manifest) -> None:
    """The folder's manifest is this one, whole or not at all. Raises RunError or InputError."""
    text = json.dumps(dataclasses.asdict(manifest), indent=1, sort_keys=False)
    write_bytes(path / MANIFEST_NAME, text.encode() + b"\n")


def _manifest_of(file: Path, found: dict[str, Any]) -> Manifest:
    try:
        typed: dict[str, Any] = {name: tuple(Part(**part) for part in found[name]) for name in ("samples", "ledger")}
        typed |= {"counts": Counts(**found["counts"]), "score_names": tuple(found["score_names"])}
        return Manifest(**(found | typed))
    except (KeyError, TypeError) as error:
        raise DatasetError(f"{file} is damaged ({error}); restore it or generate the data set again") from error


def _refuse_foreign(path: Path) -> None:
    if path.is_dir() and any(not each.name.startswith(".") for each in path.iterdir()):
        raise DatasetError(
            f"{path} holds files but no {MANIFEST_NAME}; choose an empty or a new folder for the data set"
        )


def _json(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RecipeError(
            f"a recipe value cannot be written as JSON ({error}); use numbers, text, lists and maps"
        ) from error
