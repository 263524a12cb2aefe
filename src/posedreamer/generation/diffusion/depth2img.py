"""The second pass of Diffusion-HPC: from the noised latents of a first picture, led by the depth of the mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, cast

from posedreamer.errors import RecipeError, did_you_mean
from posedreamer.estimators.mesh_depth import objects_in_front, without
from posedreamer.estimators.pretrained import named
from posedreamer.estimators.segmentation import Segmenter
from posedreamer.generation.diffusion.base import (
    DiffusionGenerator,
    Start,
    control_tensor,
    network_refs,
    read_controls,
)
from posedreamer.generation.diffusion.controls import as_pictures, check_kind
from posedreamer.generation.diffusion.first import FirstPictures, read_first
from posedreamer.generation.diffusion.flux import check_flux, flux_arguments, read_control_lora
from posedreamer.generation.diffusion.licences import joined
from posedreamer.generation.diffusion.loading import Loaded, PipelineSpec
from posedreamer.generation.diffusion.sdxl import negatives, sdxl_arguments
from posedreamer.generation.diffusion.settings import ControlNet, Lora, check_number
from posedreamer.generation.protocol import PaintJob
from posedreamer.records import Picture

__all__ = ["FAMILIES", "Depth2ImgGenerator"]

FAMILIES: Final = ("sdxl", "flux", "depth")
"""SDXL with ControlNets; FLUX with a control LoRA or ControlNets; a checkpoint that reads depth by itself (as SD 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth2ImgGenerator(DiffusionGenerator):
    """Paints over a first picture: its latents are noised by ``strength``, then denoised with the mesh's depth.

    The first picture comes from a folder, by the id of candidate, condition or label, or the clip's name (first
    match), or is painted on the spot by another generator from the same job. A job without one is dropped with a
    reason.

    Attributes:
        family: one of FAMILIES.
        first: {folder: ...}, or {generator: name, options: {...}}.
        cut_out: a segmentation model, "owner/name@commit" or a folder (extra ``segmentation``): what it sees before
            the people of the first picture is cut out of the control pictures, so that it stays; "" cuts nothing.
            Labels keep the visibility that their own scene has.
        strength: share of the way back to noise, and so of ``steps`` taken (Diffusion-HPC: 0.7).
        controls: ControlNets, for SDXL and FLUX: mappings as ``sdxl`` and ``flux`` take them.
        control: for FLUX without ControlNets, the control picture beside the latents.
        control_lora: for FLUX without ControlNets, as ``flux`` takes it.
        negative: what not to paint, after the caption's own (not FLUX).
        max_tokens: for FLUX, the length captions are cut or filled to.
    """

    family: str = "sdxl"
    first: Any = None
    cut_out: str = ""
    strength: float = 0.7
    controls: Any = ()
    control: str = "depth"
    control_lora: Any = None
    negative: str = ""
    max_tokens: int = 512

    def _check(self) -> None:
        if self.family not in FAMILIES:
            raise RecipeError(
                f"depth2img.family is {self.family!r}, expected one of {', '.join(FAMILIES)}."
                f"{did_you_mean(self.family, FAMILIES)}"
            )
        object.__setattr__(self, "first", read_first(self.first, "depth2img.first"))
        object.__setattr__(self, "controls", read_controls(self.controls, "depth2img.controls"))
        object.__setattr__(self, "control_lora", read_control_lora(self.control_lora, "depth2img.control_lora"))
        check_kind(self.control, "depth2img.control")
        if self.cut_out:
            named(self.cut_out, "depth2img.cut_out")
        check_number("depth2img.strength", self.strength, 0.0, 1.0)
        if int(self.steps * self.strength) < 1:
            raise RecipeError(f"depth2img takes steps x strength = {self.steps * self.strength:g} steps, at least 1")
        if self.family == "sdxl" and not self.controls:
            raise RecipeError("depth2img.controls is empty: SDXL reads depth through a ControlNet; name one")
        if self.family == "depth" and (self.controls or self.control_lora):
            raise RecipeError("a depth-to-image checkpoint reads depth by itself: leave out controls and control_lora")

    @property
    def name(self) -> str:
        """Catalogue id."""
        return "depth2img"

    @property
    def _networks(self) -> tuple[ControlNet, ...]:
        return cast("tuple[ControlNet, ...]", self.controls)

    @property
    def _spec(self) -> PipelineSpec:
        flux = "FluxControlNetImg2ImgPipeline" if self.controls else "FluxControlImg2ImgPipeline"
        return PipelineSpec(
            pipeline={
                "sdxl": "StableDiffusionXLControlNetImg2ImgPipeline",
                "flux": flux,
                "depth": "StableDiffusionDepth2ImgPipeline",
            }[self.family],
            networks=network_refs(self._networks, "depth2img.controls"),
            network_class="FluxControlNetModel" if self.family == "flux" else "ControlNetModel",
            loras=self._lora_refs(cast("tuple[Lora, ...]", self.control_lora)),
            widens_input=bool(self.control_lora),
            **self._common(),
        )

    @property
    def _first(self) -> FirstPictures:
        return cast("FirstPictures", self.first)

    def _check_loaded(self, loaded: Loaded) -> None:
        if self.family == "flux":
            check_flux(loaded, self._networks)

    @property
    def licence(self) -> str:
        """The licences of every model that paints, and of the one that cuts out."""
        own = super(Depth2ImgGenerator, self).licence
        return joined([own, named(self.cut_out, "depth2img.cut_out").licence]) if self.cut_out else own

    def fetch(self) -> None:
        """As every generator's, and the model that cuts out is there. Raises as that."""
        super(Depth2ImgGenerator, self).fetch()
        if self.cut_out:
            _segmenter(self.cut_out).fetch()

    def _more_pins(self) -> tuple[str, ...]:
        own = super(Depth2ImgGenerator, self)._more_pins()
        return (*own, _segmenter(self.cut_out).version) if self.cut_out else own

    def _arguments(self, loaded: Loaded, starts: Sequence[Start]) -> dict[str, Any]:
        jobs = [self._cut(start) for start in starts]
        return {
            **self._texts(loaded, jobs),
            **self._controls(loaded, jobs),
            "image": as_pictures([start.first for start in starts if start.first is not None]),
            "strength": float(self.strength),
            "num_inference_steps": self.steps,
            "guidance_scale": self.guidance,
        }

    def _cut(self, start: Start) -> PaintJob:
        """The job, its scene without what stands before the people in the first picture."""
        if not self.cut_out or start.first is None:
            return start.job
        seen, condition = _segmenter(self.cut_out).classes(Picture(pixels=start.first)), start.job.condition
        hidden = objects_in_front(condition.buffers.person_id >= 0, seen.people, seen.things())
        return replace(start.job, condition=replace(condition, buffers=without(condition.buffers, hidden)))

    def _texts(self, loaded: Loaded, jobs: Sequence[PaintJob]) -> dict[str, Any]:
        texts = [job.condition.caption.text for job in jobs]
        more = {"max_sequence_length": self.max_tokens} if self.family == "flux" else {}
        return loaded.texts.arguments(texts, negatives(jobs, self.negative), self.guidance > 1, more)

    def _controls(self, loaded: Loaded, jobs: Sequence[PaintJob]) -> dict[str, Any]:
        if self.family == "sdxl":
            return sdxl_arguments(self._networks, jobs, "control_image")
        if self.family == "flux":
            return flux_arguments(loaded, self._networks, self.control, jobs)
        return {"depth_map": control_tensor(jobs, "depth", signed=False)[:, 0]}


@lru_cache(maxsize=2)
def _segmenter(model: str) -> Segmenter:
    return Segmenter(model)
