"""Options of the diffusion generators as recipes write them: mappings in, checked records out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, TypeVar, cast

from posedreamer.errors import RecipeError, did_you_mean

__all__ = [
    "NO_LEVERS",
    "QUANTISATIONS",
    "ControlNet",
    "Levers",
    "Lora",
    "check_number",
    "plain",
    "read_many",
    "read_one",
]

QUANTISATIONS: Final = ("", "int8", "fp8")

T = TypeVar("T")


def check_number(option: str, value: object, low: float, high: float) -> None:
    """``value`` is a number from low to high. Raises RecipeError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (low <= value <= high):
        raise RecipeError(f"{option} is {value!r}, expected a number from {low:g} to {high:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlNet:
    """A ControlNet and the control picture it reads.

    Attributes:
        kind: which control picture ("depth", "openpose", "normal", "mesh").
        model: hub id with revision, or folder.
        scale: what its residuals are multiplied by.
        start, end: shares of the steps between which it acts.
        mode: a union network's number for this kind; None finds it from the kind, networks for one kind have none.
    """

    kind: str
    model: str
    scale: float = 1.0
    start: float = 0.0
    end: float = 1.0
    mode: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """A LoRA: hub id with revision, folder or file; the file in it where there are several; its strength."""

    model: str
    file: str = ""
    strength: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Levers:
    """What makes painting faster or smaller.

    Exact but for rounding: ``compile``, ``attention``, ``cache_texts``, ``offload_texts``. Approximate:
    ``quantize``, ``step_cache``.

    Attributes:
        compile: torch.compile of the denoiser's repeated blocks (regional compilation); the first batch takes minutes.
        attention: an attention backend of diffusers ("native", "flash", "_native_cudnn", ...); "" leaves the default.
        cache_texts: every caption is encoded once.
        offload_texts: text encoders wait in main memory, and visit the device for captions that are new.
        quantize: "int8" or "fp8" weights of the denoiser, by torchao; "" leaves them.
        step_cache: threshold of the first-block cache (FLUX); 0 is off. It decides for a whole batch at once, so that
            pictures then depend on their batch's others.
    """

    compile: bool = False
    attention: str = ""
    cache_texts: bool = True
    offload_texts: bool = False
    quantize: str = ""
    step_cache: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no lever is."""
        if self.quantize not in QUANTISATIONS:
            raise RecipeError(
                f"levers.quantize is {self.quantize!r}, expected one of 'int8', 'fp8' or ''."
                f"{did_you_mean(self.quantize, QUANTISATIONS)}"
            )
        check_number("levers.step_cache", self.step_cache, 0.0, 10.0)
        if self.offload_texts and not self.cache_texts:
            raise RecipeError("levers.offload_texts needs levers.cache_texts: text encoders would travel every batch.")


NO_LEVERS: Final = Levers()
"""Nothing but the text cache."""


def read_one(kind: type[T], value: object, option: str) -> T:
    """``value`` as a record: a mapping's keys are its fields. Raises RecipeError for a key or value it does not take.

    A record passes through.
    """
    if isinstance(value, kind):
        return value
    known = [each.name for each in fields(cast("Any", kind))]
    if not isinstance(value, Mapping):
        raise RecipeError(f"{option} is {value!r}, expected a mapping with {', '.join(known)}")
    values = cast("Mapping[str, Any]", value)
    for key in values:
        if key not in known:
            raise RecipeError(
                f"{option} has no key {key!r}; it has: {', '.join(known)}.{did_you_mean(str(key), known)}"
            )
    checked = {
        each.name: _checked(values[each.name], str(each.type), f"{option}.{each.name}")
        for each in fields(cast("Any", kind))
        if each.name in values
    }
    try:
        return kind(**checked)
    except TypeError as error:
        raise RecipeError(f"{option} cannot be made from {dict(values)}: {error}") from error


def read_many(kind: type[T], values: object, option: str) -> tuple[T, ...]:
    """A list of records. Raises RecipeError, naming which one."""
    if isinstance(values, (str, Mapping)) or not isinstance(values, Sequence):
        raise RecipeError(f"{option} is {values!r}, expected a list")
    entries = cast("Sequence[object]", values)
    return tuple(read_one(kind, value, f"{option}[{place}]") for place, value in enumerate(entries))


def plain(value: Any) -> Any:
    """Records, mappings and tuples as JSON has them, for digests."""
    if isinstance(value, (ControlNet, Lora, Levers)):
        return asdict(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in cast("Sequence[Any]", value)]
    return value


def _checked(value: Any, wanted: str, option: str) -> Any:
    """The value, if it is of its field's plain type: a scale in words is an error here, not inside a network."""
    if wanted == "float":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise RecipeError(f"{option} is {value!r}, expected a number")
        return float(value)
    if not isinstance(value, {"str": str, "bool": bool}.get(wanted, (int, type(None)))):
        raise RecipeError(f"{option} is {value!r}, expected {wanted}")
    return value
