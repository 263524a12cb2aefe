"""What every diffusion generator shares: options, checks, revision, licence, and how a batch is painted."""

from __future__ import annotations

import hashlib
import importlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final, cast

from posedreamer.errors import RecipeError, did_you_mean
from posedreamer.generation.diffusion.controls import as_tensor, check_kind, control_picture
from posedreamer.generation.diffusion.first import FirstPictures, Pixels
from posedreamer.generation.diffusion.hub import ModelRef, fetch, fingerprint, licence_of, parse
from posedreamer.generation.diffusion.library import diffusers, version
from posedreamer.generation.diffusion.licences import joined
from posedreamer.generation.diffusion.loading import PRECISIONS, Loaded, PipelineSpec, load
from posedreamer.generation.diffusion.painting import paint, task_of
from posedreamer.generation.diffusion.settings import (
    NO_LEVERS,
    ControlNet,
    Levers,
    Lora,
    check_number,
    plain,
    read_many,
    read_one,
)
from posedreamer.generation.protocol import PaintJob, Unpainted
from posedreamer.records import Picture

__all__ = [
    "REVISION",
    "DiffusionGenerator",
    "Start",
    "control_tensor",
    "network_refs",
    "one_or_all",
    "read_controls",
    "safety",
]

REVISION: Final = "1"
"""Raised whenever any pixel changes for the same models, options and library."""

_NOT_IN_REVISION: Final = ("device", "licence_stated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A job and, for generators that paint over one, its first picture."""

    job: PaintJob
    first: Pixels | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffusionGenerator(ABC):
    """Paints with a pretrained diffusion model by diffusers.

    Every picture has its own noise, drawn on the CPU from its own seed. Captions are encoded alone. Batches are
    filled up, so that for one batch size, one device and one set of versions a picture is the same in any company;
    another batch size or device changes its last bits.

    Attributes:
        model: a whole pipeline, "owner/name@commit" on the hub or a folder.
        loras: mappings of ``model``, ``file``, ``strength``; they add up.
        steps: denoising steps.
        guidance: how strongly the caption leads.
        batch_size: pictures painted at once.
        precision: of the weights: "float32", "bfloat16", "float16".
        device: "auto", "cpu", "cuda", "cuda:1"; not part of the revision.
        levers: what makes painting faster or smaller (``settings.Levers``).
        safety_checker: "module:function" that takes pictures (h, w, 3; 8 bit) and says of each whether it is safe;
            those that are not are dropped with a reason. "" checks nothing.
        licence_stated: the licence of folders that say none themselves.
    """

    model: str = ""
    loras: Any = ()
    steps: int = 28
    guidance: float = 5.0
    batch_size: int = 4
    precision: str = "bfloat16"
    device: str = "auto"
    levers: Any = NO_LEVERS
    safety_checker: str = ""
    licence_stated: str = ""

    def __post_init__(self) -> None:
        """Turn mappings into records and refuse what cannot be painted with."""
        if not self.model:
            raise RecipeError(
                f"{self.name} needs the option `model`: owner/name@commit of a model on the hub, or a folder"
            )
        object.__setattr__(self, "loras", read_many(Lora, self.loras, f"{self.name}.loras"))
        object.__setattr__(self, "levers", read_one(Levers, self.levers, f"{self.name}.levers"))
        check_number(f"{self.name}.steps", self.steps, 1, 1000)
        check_number(f"{self.name}.guidance", self.guidance, 0.0, 100.0)
        check_number(f"{self.name}.batch_size", self.batch_size, 1, 1024)
        if self.precision not in PRECISIONS:
            raise RecipeError(
                f"{self.name}.precision is {self.precision!r}, expected one of {', '.join(PRECISIONS)}."
                f"{did_you_mean(self.precision, PRECISIONS)}"
            )
        self._check()
        _ = self._spec  # names every model: a wrong one is an error before anything is loaded

    @property
    @abstractmethod
    def name(self) -> str:
        """Catalogue id."""

    @property
    @abstractmethod
    def _spec(self) -> PipelineSpec:
        """What is loaded."""

    @abstractmethod
    def _arguments(self, loaded: Loaded, starts: Sequence[Start]) -> dict[str, Any]:
        """The pipeline's arguments for a batch, size, generator and output type apart."""

    def _check(self) -> None:  # noqa: B027 - a hook
        """Turn and refuse the options that only this generator has."""

    def _check_loaded(self, loaded: Loaded) -> None:  # noqa: B027 - a hook
        """Refuse a pipeline that cannot do what the recipe asks of it."""

    @property
    def revision(self) -> str:
        """The code's revision, diffusers' version, the model, and 12 digits over every option and every model."""
        options = {each.name: plain(getattr(self, each.name)) for each in fields(self)}
        kept = {key: value for key, value in options.items() if key not in _NOT_IN_REVISION}
        pins = [fingerprint(ref) for ref in self._spec.refs]
        text = json.dumps([kept, pins, *self._more_pins()], sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        label = self._spec.model.repo or "local model"
        return f"{REVISION}, diffusers {version()}, {label} {pins[0]}, {self.steps} steps, options {digest}"

    @property
    def _first(self) -> FirstPictures | None:
        """Where first pictures come from, for generators that start from one."""
        return None

    def _more_pins(self) -> tuple[str, ...]:
        """What pins the inputs that are no models of the pipeline."""
        return (self._first.pin if self._first else "",)

    @property
    def licence(self) -> str:
        """The licences of every model that paints, joined by " + "."""
        own = [licence_of(ref, self.licence_stated) for ref in self._spec.refs]
        return joined([*own, *(self._first.licences if self._first else [])])

    @property
    def source_type(self) -> str:
        """Pictures of a trained model."""
        return "trainedAlgorithmicMedia"

    @property
    def about(self) -> str:
        """What paints, and what it is not."""
        return (
            f"Painted by the diffusion model {self._spec.model.label} through diffusers; nobody in the pictures is "
            "real. Labels are those it was asked to follow, and only the judge says how well it did."
        )

    def fetch(self) -> None:
        """Every model the recipe names is on this machine, and every option is one that this diffusers has.

        Raises MissingExtraError, MissingWeightsError with the command to run, RecipeError.
        """
        diffusers()
        safety(self.safety_checker)
        for ref in self._spec.refs:
            fetch(ref)
        if self._first:
            self._first.fetch()

    def paint(self, jobs: Sequence[PaintJob]) -> list[Picture | Unpainted]:
        """One picture per job, in order; a refusal for one that is no picture, not safe, or has nothing to start from.

        Raises RecipeError for a size the model cannot paint, RunError when not one picture fits the device.
        """
        loaded, starts = self._loaded(), self._starts(jobs)
        pictures = iter(
            paint(
                loaded,
                [task_of(start, start.job) for start in starts if isinstance(start, Start)],
                lambda few: self._arguments(loaded, few),
                self.batch_size,
                safety(self.safety_checker),
            )
        )
        return [next(pictures) if isinstance(start, Start) else start for start in starts]

    def _starts(self, jobs: Sequence[PaintJob]) -> list[Start | Unpainted]:
        if self._first is None:
            return [Start(job=job) for job in jobs]
        found = zip(jobs, self._first.pictures(jobs), strict=True)
        return [first if isinstance(first, Unpainted) else Start(job=job, first=first) for job, first in found]

    def _loaded(self) -> Loaded:
        loaded = load(self._spec)
        self._check_loaded(loaded)
        return loaded

    def _ref(self) -> ModelRef:
        return parse(self.model, "pipeline", f"{self.name}.model")

    def _lora_refs(self, first: Sequence[Lora] = ()) -> tuple[tuple[ModelRef, float], ...]:
        return tuple(
            (parse(each.model, "lora", f"{self.name}.loras[{place}].model", each.file), each.strength)
            for place, each in enumerate((*first, *cast("tuple[Lora, ...]", self.loras)))
        )

    def _common(self) -> dict[str, Any]:
        """Parts of the spec that every generator fills alike."""
        return {
            "model": self._ref(),
            "precision": self.precision,
            "device": self.device,
            "levers": cast("Levers", self.levers),
        }


def control_tensor(jobs: Sequence[PaintJob], kind: str, *, signed: bool) -> Any:
    """One kind of control picture of every job."""
    return as_tensor([control_picture(job.condition, kind) for job in jobs], signed=signed)


def read_controls(controls: object, option: str) -> tuple[ControlNet, ...]:
    """ControlNets of a recipe. Raises RecipeError for a kind, scale or share of steps there is not."""
    read = read_many(ControlNet, controls, option)
    for place, each in enumerate(read):
        where = f"{option}[{place}]"
        check_kind(each.kind, f"{where}.kind")
        check_number(f"{where}.scale", each.scale, 0.0, 10.0)
        check_number(f"{where}.start", each.start, 0.0, 1.0)
        check_number(f"{where}.end", each.end, each.start, 1.0)
    return read


def network_refs(controls: Sequence[ControlNet], option: str) -> tuple[ModelRef, ...]:
    """The models of ControlNets."""
    return tuple(parse(each.model, "network", f"{option}[{place}].model") for place, each in enumerate(controls))


def one_or_all(values: Sequence[Any]) -> Any:
    """What pipelines take for one network, or a list for several."""
    return values[0] if len(values) == 1 else list(values)


@lru_cache(maxsize=4)
def safety(target: str) -> Callable[[Sequence[Picture]], Sequence[bool]] | None:
    """The checker behind "module:function", given pictures. Raises RecipeError for one that is not there."""
    if not target:
        return None
    module, _, attribute = target.partition(":")
    try:
        check = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise RecipeError(f"safety_checker {target!r} is no module:function that can be imported: {error}") from error
    return lambda pictures: [bool(safe) for safe in check([picture.pixels for picture in pictures])]
