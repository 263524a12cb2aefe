"""SDXL with several ControlNets at once (Pose++: depth 0.8 and keypoints 0.5, 40 steps, negative prompts)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from posedreamer.errors import RecipeError
from posedreamer.generation.diffusion.base import (
    DiffusionGenerator,
    Start,
    control_tensor,
    network_refs,
    one_or_all,
    read_controls,
)
from posedreamer.generation.diffusion.loading import Loaded, PipelineSpec
from posedreamer.generation.diffusion.settings import ControlNet
from posedreamer.generation.protocol import PaintJob

__all__ = ["SdxlGenerator", "negatives", "sdxl_arguments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SdxlGenerator(DiffusionGenerator):
    """SDXL led by the caption and by one or more ControlNets.

    Attributes:
        controls: mappings of ``kind``, ``model``, ``scale``, ``start``, ``end``.
        negative: what not to paint, after the caption's own.
    """

    steps: int = 40
    controls: Any = ()
    negative: str = ""

    def _check(self) -> None:
        object.__setattr__(self, "controls", read_controls(self.controls, "sdxl.controls"))
        if not self.controls:
            raise RecipeError(
                "sdxl.controls is empty: name at least one ControlNet, or use the generator text2img, whose pictures "
                "follow no label"
            )

    @property
    def name(self) -> str:
        """Catalogue id."""
        return "sdxl"

    @property
    def _spec(self) -> PipelineSpec:
        controls = cast("tuple[ControlNet, ...]", self.controls)
        return PipelineSpec(
            pipeline="StableDiffusionXLControlNetPipeline",
            networks=network_refs(controls, "sdxl.controls"),
            loras=self._lora_refs(),
            **self._common(),
        )

    def _arguments(self, loaded: Loaded, starts: Sequence[Start]) -> dict[str, Any]:
        jobs = [start.job for start in starts]
        controls = cast("tuple[ControlNet, ...]", self.controls)
        return {
            **loaded.texts.arguments(
                [job.condition.caption.text for job in jobs], negatives(jobs, self.negative), self.guidance > 1, {}
            ),
            **sdxl_arguments(controls, jobs, "image"),
            "num_inference_steps": self.steps,
            "guidance_scale": self.guidance,
        }


def negatives(jobs: Sequence[PaintJob], more: str) -> list[str]:
    """What each job shall not show: its caption's words and the recipe's."""
    return [", ".join(text for text in (job.condition.caption.negative_text, more) if text) for job in jobs]


def sdxl_arguments(controls: Sequence[ControlNet], jobs: Sequence[PaintJob], picture: str) -> dict[str, Any]:
    """ControlNet arguments of the SDXL pipelines; ``picture`` is the argument that takes the control pictures."""
    return {
        picture: one_or_all([control_tensor(jobs, each.kind, signed=False) for each in controls]),
        "controlnet_conditioning_scale": one_or_all([float(each.scale) for each in controls]),
        "control_guidance_start": one_or_all([float(each.start) for each in controls]),
        "control_guidance_end": one_or_all([float(each.end) for each in controls]),
    }
