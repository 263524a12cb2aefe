"""Models of ``transformers`` by name: a pinned commit on the hub, or a folder. Only a recipe has one fetched."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

import torch
import yaml

from posedreamer.errors import InputError, MissingWeightsError, RecipeError
from posedreamer.estimators.optional import package, quietly

__all__ = [
    "UNKNOWN_LICENCE",
    "Pretrained",
    "card_licence",
    "folder_digest",
    "in_one_thread",
    "load_pretrained",
    "named",
]

UNKNOWN_LICENCE: Final = "licence not known"

_HUB_ID: Final = re.compile(r"^[\w.-]+/[\w.-]+$")
_COMMIT: Final = re.compile(r"^[0-9a-f]{40}$")
_STEP: Final = "Install it with: python -m pip install --constraint constraints.txt 'posedreamer[{extra}]'"
_SAMPLES: Final = 16
_SAMPLE_BYTES: Final = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretrained:
    """A model that a recipe names: ``source`` is a hub id at ``revision``, or a folder where ``revision`` is empty.

    ``extra`` is the one that installs what loads it.
    """

    source: str
    revision: str = ""
    extra: str = "clip"

    @property
    def label(self) -> str:
        """The id or the folder's name, with what pins it. Raises MissingWeightsError for a folder that is not there."""
        if self.revision:
            return f"{self.source}@{self.revision[:12]}"
        folder = Path(self.source).expanduser()
        if not (folder / "config.json").is_file():
            raise MissingWeightsError(
                f"{folder}: expected a folder with a model's config.json, found none; name another"
            )
        return f"{folder.name}@{_digest_once(folder)}"

    @property
    def licence(self) -> str:
        """As the model card in the folder or the hub's cache says; UNKNOWN_LICENCE without one. Asks no network."""
        if not self.revision:
            return card_licence(Path(self.source).expanduser()) or UNKNOWN_LICENCE
        hub = package("huggingface_hub", _STEP.format(extra=self.extra))
        try:
            card = Path(hub.hf_hub_download(self.source, "README.md", revision=self.revision, local_files_only=True))
        except (OSError, ValueError):
            return UNKNOWN_LICENCE
        return card_licence(card.parent) or UNKNOWN_LICENCE

    def config(self) -> Any:
        """The model's configuration. Raises MissingWeightsError, MissingExtraError."""
        return self.part("AutoConfig")

    def model(self, kind: str) -> Any:
        """A model of the class ``kind`` of transformers, all of its weights loaded, in evaluation mode.

        Raises MissingWeightsError, MissingExtraError, and InputError where the files do not hold every weight: others
        would be random numbers.
        """
        made, told = self.part(kind, output_loading_info=True)
        if told["missing_keys"]:
            missing = sorted(told["missing_keys"])
            raise InputError(
                f"{self.source}: {len(missing)} weights of a {type(made).__name__} are not in its files, first "
                f"{missing[0]!r}; name a model that was trained for this"
            )
        return made.float().eval()

    def part(self, kind: str, **options: Any) -> Any:
        """What ``transformers.<kind>.from_pretrained`` gives, from a folder, the hub's cache or the hub."""
        library = package("transformers", _STEP.format(extra=self.extra))
        where = {"revision": self.revision} if self.revision else {}
        source = self.source if self.revision else str(Path(self.source).expanduser())
        try:
            with quietly():
                return getattr(library, kind).from_pretrained(source, **where, **options)
        except (OSError, ValueError) as error:
            command = f"hf download {self.source} --revision {self.revision}" if self.revision else ""
            raise MissingWeightsError(
                f"{self.source}: {kind} cannot be loaded from the cache, the hub or a folder "
                f"({(str(error).splitlines() or [type(error).__name__])[0]}); "
                + (f"on a machine with a network run: {command}" if command else "name the folder that holds it")
            ) from error


def named(text: str, option: str) -> Pretrained:
    """The model that ``option`` of a recipe names.

    Args:
        text: "owner/name@<40 hexadecimal digits>" on the hub, or a folder (with a "/", "./", "../" or "~" before it,
            or one that is there).
        option: the option's name, for errors.

    Raises RecipeError for anything else; a hub id without a commit is not pinned and is refused.
    """
    if text.startswith(("/", "./", "../", "~")) or (text and Path(text).is_dir()):
        return Pretrained(source=text)
    repo, _, revision = text.partition("@")
    if not _HUB_ID.match(repo):
        raise RecipeError(
            f"{option} is {text!r}, expected owner/name@commit of a model on the hub or a local folder "
            "(./folder, /folder, ~/folder)"
        )
    if not _COMMIT.match(revision):
        found = f"revision {revision!r}, which can move" if revision else "no revision"
        raise RecipeError(f"{option} names {repo} with {found}; pin a commit: {repo}@<the 40 digits of a commit>")
    return Pretrained(source=repo, revision=revision)


def load_pretrained(kind: str, name: str, extra: str) -> Any:
    """What ``transformers.<kind>.from_pretrained`` makes of a folder, a hub id, or a hub id with "@revision".

    Raises MissingExtraError without transformers (``extra`` is what installs it), MissingWeightsError for a name that
    is nowhere.
    """
    is_folder = Path(name).expanduser().exists()
    source, _, revision = (name, "", "") if is_folder else name.partition("@")
    return Pretrained(source=source, revision=revision, extra=extra).part(kind)


def card_licence(folder: Path) -> str:
    """``license_name`` or ``license`` from the head of a folder's model card; "" where none says."""
    card = folder / "README.md"
    if not card.is_file():
        return ""
    text = card.read_text(encoding="utf-8", errors="replace")
    _, _, rest = text.partition("---\n")
    try:
        head: Any = yaml.safe_load(rest.partition("\n---")[0]) if text.startswith("---\n") else None
    except yaml.YAMLError:
        return ""
    values = cast("dict[str, Any]", head if isinstance(head, dict) else {})
    return str(values.get("license_name") or values.get("license") or "")


@lru_cache(maxsize=16)
def _digest_once(folder: Path) -> str:
    return folder_digest(folder)


def folder_digest(folder: Path) -> str:
    """12 digits over names, sizes and contents of a file or a folder's files.

    Files above 1 MiB are sampled (their start, which holds every tensor's name and shape, and 16 pieces of 64 KiB),
    so that naming a folder of 30 GB does not mean reading it.
    """
    digest = hashlib.sha256()
    files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder.parent)}\x1f{size}\x1f".encode())
        with path.open("rb") as file:
            if size <= _SAMPLES * _SAMPLE_BYTES:
                digest.update(file.read())
                continue
            for place in range(_SAMPLES + 1):
                file.seek(min(place * size // _SAMPLES, size - _SAMPLE_BYTES))
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()[:12]


@contextmanager
def in_one_thread() -> Generator[None]:
    """Torch works in one thread: sums in another number of threads differ in their last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
