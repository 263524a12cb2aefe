"""Where models are: a hub id with a pinned revision, or a folder. Nothing is fetched unless a recipe names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from posedreamer.errors import MissingExtraError, MissingWeightsError, RecipeError
from posedreamer.estimators.pretrained import UNKNOWN_LICENCE, card_licence, folder_digest
from posedreamer.generation.diffusion.library import hub
from posedreamer.generation.diffusion.licences import KNOWN

__all__ = ["ModelRef", "Part", "fetch", "fingerprint", "held_revisions", "licence_of", "locate", "parse"]

Part = Literal["pipeline", "network", "lora"]

_HUB_ID: Final = re.compile(r"^[\w.-]+/[\w.-]+$")
_COMMIT: Final = re.compile(r"^[0-9a-f]{40}$")
_INCLUDE: Final[dict[Part, tuple[str, ...]]] = {
    "pipeline": (
        "README.md",
        "model_index.json",
        "*/*.json",
        "*/*.txt",
        "*/*.model",
        "*/model*.safetensors",
        "*/diffusion_pytorch_model*.safetensors",
    ),
    "network": ("README.md", "config.json", "diffusion_pytorch_model*.safetensors", "*.index.json"),
    "lora": ("README.md", "*.safetensors"),
}
_EXCLUDE: Final = ("*.fp16.*", "*.bf16.*", "*non_ema*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRef:
    """A model that a recipe names: ``repo`` at ``revision`` on the hub, or ``folder`` where ``repo`` is empty.

    ``file`` narrows a LoRA's repository down to one file.
    """

    part: Part
    repo: str = ""
    revision: str = ""
    folder: str = ""
    file: str = ""

    @property
    def label(self) -> str:
        """How recipes name it."""
        return f"{self.repo}@{self.revision}" if self.repo else self.folder

    @property
    def include(self) -> tuple[str, ...]:
        """Patterns of the files that are needed."""
        return ("README.md", self.file) if self.file else _INCLUDE[self.part]

    @property
    def command(self) -> str:
        """The exact command that fetches what is needed, with the disk it takes where that is known."""
        patterns = [f"--include '{pattern}'" for pattern in self.include]
        patterns += [f"--exclude '{pattern}'" for pattern in _EXCLUDE]
        known = KNOWN.get(self.repo)
        size = f" (about {known.disk_gb:g} GB on disk)" if known and known.disk_gb else ""
        return f"hf download {self.repo} --revision {self.revision} {' '.join(patterns)}{size}"


def parse(text: str, part: Part, option: str, file: str = "") -> ModelRef:
    """The model that ``option`` of a recipe names.

    Args:
        text: "owner/name@<40 hexadecimal digits>" on the hub, or a folder (with a "/", "./", "../" or "~" before it,
            or one that is there).
        part: a whole pipeline, a ControlNet, or a LoRA.
        option: the option's name, for errors.
        file: of a LoRA, where its repository has several.

    Raises RecipeError for anything else; a hub id without a revision is not pinned and is refused.
    """
    if text.startswith(("/", "./", "../", "~")) or (text and Path(text).exists()):
        return ModelRef(part=part, folder=text, file=file)
    repo, _, revision = text.partition("@")
    if not _HUB_ID.match(repo):
        raise RecipeError(
            f"{option} is {text!r}, expected owner/name@revision of a model on the hub or a local folder "
            "(./folder, /folder, ~/folder)."
        )
    if not _COMMIT.match(revision):
        known = KNOWN.get(repo)
        example = known.revision if known and known.revision else "<the 40 digits of a commit of the model's page>"
        found = f"revision {revision!r}, which can move" if revision else "no revision"
        raise RecipeError(f"{option} names {repo} with {found}; pin a commit: {repo}@{example}")
    return ModelRef(part=part, repo=repo, revision=revision, file=file)


def locate(ref: ModelRef) -> Path:
    """The folder the model lies in, without asking any network.

    Raises MissingWeightsError with the command that fetches it, or for a folder that is not there or holds none.
    """
    if not ref.repo:
        return _checked_folder(ref)
    errors = hub().errors
    try:
        return _whole(ref, Path(_snapshot(ref, local_files_only=True)))
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        raise _missing(ref) from error


def fetch(ref: ModelRef) -> Path:
    """The folder the model lies in; it is fetched from the hub where it is not there yet.

    Raises MissingWeightsError: no network, gated without a token, no such model or revision; each with the step.
    """
    try:
        return locate(ref)
    except MissingWeightsError:
        if not ref.repo:
            raise
    errors = hub().errors
    try:
        return _whole(ref, Path(_snapshot(ref)))
    except errors.GatedRepoError as error:
        raise MissingWeightsError(
            f"{ref.repo} is gated: accept its licence at https://huggingface.co/{ref.repo} and give a token with "
            f"`hf auth login` (or HF_TOKEN); then run again, or fetch it with: {ref.command}"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise MissingWeightsError(
            f"{ref.repo} has no revision {ref.revision}; choose a commit of https://huggingface.co/{ref.repo}/commits"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise MissingWeightsError(
            f"there is no model {ref.repo} on the hub, or it is private and no token was given (`hf auth login`)"
        ) from error
    except OSError as error:
        raise _missing(ref) from error


def licence_of(ref: ModelRef, stated: str = "") -> str:
    """The model's licence: from the table of public models, from its model card on this machine, or as stated."""
    known = KNOWN.get(ref.repo)
    if known:
        return known.licence
    try:
        return stated or card_licence(locate(ref)) or UNKNOWN_LICENCE
    except MissingWeightsError:
        return UNKNOWN_LICENCE


@lru_cache(maxsize=64)
def fingerprint(ref: ModelRef) -> str:
    """What pins the model: its revision on the hub; of a folder 12 digits (``folder_digest``).

    Raises MissingWeightsError for a folder that is not there.
    """
    if ref.repo:
        return ref.revision[:12]
    return folder_digest(_checked_folder(ref))


def held_revisions(repo: str) -> tuple[str, ...]:
    """Commits of a hub's model that lie in the cache of the hub's client; () where that client is not installed."""
    try:
        cache = Path(hub().constants.HF_HUB_CACHE)
    except MissingExtraError:
        return ()
    snapshots = cache / f"models--{repo.replace('/', '--')}" / "snapshots"
    return tuple(sorted(path.name for path in snapshots.iterdir())) if snapshots.is_dir() else ()


def _snapshot(ref: ModelRef, **options: Any) -> str:
    return hub().snapshot_download(
        ref.repo,
        revision=ref.revision,
        allow_patterns=list(ref.include),
        ignore_patterns=list(_EXCLUDE),
        **options,
    )


def _checked_folder(ref: ModelRef) -> Path:
    folder = Path(ref.folder).expanduser()
    if not folder.exists():
        raise MissingWeightsError(f"there is no model at {folder}: name a folder that holds one, or a hub id")
    return _whole(ref, folder)


def _whole(ref: ModelRef, folder: Path) -> Path:
    """The folder, if the file that describes the model is in it."""
    if folder.is_file():
        return folder
    if ref.part == "lora":
        wanted, found = ref.file or "*.safetensors", any(folder.glob(ref.file or "*.safetensors"))
    else:
        wanted = "model_index.json" if ref.part == "pipeline" else "config.json"
        found = (folder / wanted).is_file()
    if found:
        return folder
    step = f" Fetch it again with: {ref.command}" if ref.repo else " Name the folder that holds it."
    raise MissingWeightsError(f"{folder} holds no {ref.part}: {wanted} is missing.{step}")


def _missing(ref: ModelRef) -> MissingWeightsError:
    return MissingWeightsError(
        f"the model {ref.label} is not on this machine and the hub cannot be reached. "
        f"On a machine with a network run: {ref.command}"
    )
