"""Any pipeline of diffusers, its arguments mapped in the recipe: next year's models need no code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from posedreamer.errors import RecipeError, did_you_mean
from posedreamer.generation.diffusion.base import (
    DiffusionGenerator,
    Start,
    control_tensor,
    network_refs,
    read_controls,
)
from posedreamer.generation.diffusion.controls import KINDS, as_pictures, control_picture
from posedreamer.generation.diffusion.first import FirstPictures, read_first
from posedreamer.generation.diffusion.loading import Loaded, PipelineSpec
from posedreamer.generation.diffusion.painting import check_arguments
from posedreamer.generation.diffusion.sdxl import negatives
from posedreamer.generation.diffusion.settings import ControlNet

__all__ = ["PipelineGenerator"]

_OWN: Final = ("generator", "output_type", "return_dict", "num_images_per_prompt")
_RANGES: Final = ("", "unit", "signed")
_NAME: Final = re.compile(r"^\$(?P<name>\w+)(?::(?P<range>\w+))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineGenerator(DiffusionGenerator):
    """Paints with the pipeline class that the recipe names, called with the arguments that it names.

    A value is passed as it stands, unless it begins with "$": "$caption" and "$negative" are texts; "$depth",
    "$openpose", "$normal", "$mesh" control pictures and "$first" the first picture, as Pillow pictures, or with
    ":unit" or ":signed" after the name (controls only) as a tensor in [0, 1] or [-1, 1]; "$width", "$height",
    "$steps", "$guidance" numbers. Lists and mappings are gone through. Seeds, and the size where the pipeline takes
    one, are given to it in any case.

    Attributes:
        pipeline: a class of diffusers; "" takes the one the model's index names.
        arguments: of the pipeline's call.
        controls: ControlNets that are loaded with it, as ``sdxl`` and ``flux`` name them (their scales are arguments).
        network_class: the ControlNets' class in diffusers.
        first: where "$first" comes from: {folder: ...} or {generator: name, options: {...}}.
        negative: what "$negative" adds to the caption's own.
    """

    pipeline: str = ""
    arguments: Any = None
    controls: Any = ()
    network_class: str = "ControlNetModel"
    first: Any = None
    negative: str = ""

    def _check(self) -> None:
        given: object = self.arguments
        if not isinstance(given, Mapping) or not given:
            raise RecipeError(
                "diffusers.arguments is empty: name the arguments of the pipeline's call, for example "
                "{prompt: $caption, num_inference_steps: 28}"
            )
        for key in cast("Mapping[str, Any]", given):
            if key in _OWN:
                raise RecipeError(f"diffusers.arguments names {key!r}, which this generator sets itself; leave it out")
        object.__setattr__(self, "controls", read_controls(self.controls, "diffusers.controls"))
        if self.first is not None:
            object.__setattr__(self, "first", read_first(self.first, "diffusers.first"))
        self._check_values(cast("Mapping[str, Any]", given))

    def _check_values(self, value: Any) -> None:
        """Every "$name" is one there is. Raises RecipeError."""
        if isinstance(value, Mapping):
            for each in cast("Mapping[str, Any]", value).values():
                self._check_values(each)
        elif isinstance(value, (list, tuple)):
            for each in cast("Sequence[Any]", value):
                self._check_values(each)
        elif isinstance(value, str) and value.startswith("$"):
            names = ("caption", "negative", "first", "width", "height", "steps", "guidance", *KINDS)
            match = _NAME.match(value)
            if match is None or match["name"] not in names or (match["range"] or "") not in _RANGES:
                raise RecipeError(
                    f"diffusers.arguments has the value {value!r}; known: {', '.join(f'${name}' for name in names)}, "
                    f"controls also with :unit or :signed.{did_you_mean(value[1:].partition(':')[0], names)}"
                )
            if match["name"] == "first" and self.first is None:
                raise RecipeError("diffusers.arguments uses $first; say where it comes from with the option `first`")

    @property
    def name(self) -> str:
        """Catalogue id."""
        return "diffusers"

    @property
    def _spec(self) -> PipelineSpec:
        networks = cast("tuple[ControlNet, ...]", self.controls)
        return PipelineSpec(
            pipeline=self.pipeline,
            networks=network_refs(networks, "diffusers.controls"),
            network_class=self.network_class,
            loras=self._lora_refs(),
            **self._common(),
        )

    @property
    def _first(self) -> FirstPictures | None:
        return cast("FirstPictures | None", self.first)

    def _check_loaded(self, loaded: Loaded) -> None:
        check_arguments(loaded, list(cast("Mapping[str, Any]", self.arguments)))

    def _arguments(self, loaded: Loaded, starts: Sequence[Start]) -> dict[str, Any]:
        given = cast("Mapping[str, Any]", self.arguments)
        return {name: self._value(value, starts) for name, value in given.items()}

    def _value(self, value: Any, starts: Sequence[Start]) -> Any:
        """What a pipeline is given for a recipe's value."""
        if isinstance(value, Mapping):
            return {key: self._value(each, starts) for key, each in cast("Mapping[str, Any]", value).items()}
        if isinstance(value, (list, tuple)):
            return [self._value(each, starts) for each in cast("Sequence[Any]", value)]
        match = _NAME.match(value) if isinstance(value, str) else None
        return value if match is None else self._named(match["name"], match["range"] or "", starts)

    def _named(self, name: str, as_range: str, starts: Sequence[Start]) -> Any:
        jobs = [start.job for start in starts]
        camera = jobs[0].condition.scene.camera
        if name in KINDS:
            if as_range:
                return control_tensor(jobs, name, signed=as_range == "signed")
            return as_pictures([control_picture(job.condition, name) for job in jobs])
        if name == "first":
            return as_pictures([start.first for start in starts if start.first is not None])
        if name == "caption":
            return [job.condition.caption.text for job in jobs]
        if name == "negative":
            return negatives(jobs, self.negative)
        return {"width": camera.width, "height": camera.height, "steps": self.steps, "guidance": self.guidance}[name]
