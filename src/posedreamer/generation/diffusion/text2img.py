"""Any text-to-image pipeline: pictures that follow a caption and no label (the first pass of Diffusion-HPC)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from posedreamer.generation.diffusion.base import DiffusionGenerator, Start, safety
from posedreamer.generation.diffusion.loading import Loaded, PipelineSpec
from posedreamer.generation.diffusion.painting import Task, paint
from posedreamer.generation.diffusion.sdxl import negatives
from posedreamer.generation.protocol import Unpainted
from posedreamer.records import Picture

__all__ = ["Text2ImgGenerator", "text_arguments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text2ImgGenerator(DiffusionGenerator):
    """Paints captions alone: the people in its pictures stand where they like, not where the label says.

    Attributes:
        pipeline: a class of diffusers; "" takes the one the model's index names.
        negative: what not to paint, after the caption's own; for pipelines that take it.
    """

    pipeline: str = ""
    negative: str = ""

    @property
    def name(self) -> str:
        """Catalogue id."""
        return "text2img"

    @property
    def about(self) -> str:
        """What paints, and that no label is followed."""
        return (
            f"Painted by the diffusion model {self._spec.model.label} from captions alone: the pictures follow no "
            "label, and nobody in them is real."
        )

    @property
    def _spec(self) -> PipelineSpec:
        return PipelineSpec(pipeline=self.pipeline, loras=self._lora_refs(), **self._common())

    def paint_texts(
        self, texts: Sequence[str], seeds: Sequence[int], *, width: int, height: int
    ) -> list[Picture | Unpainted]:
        """One picture per text, in order, for whoever has no condition yet: first pictures that labels are made from.

        Raises as ``paint`` does.
        """
        loaded = self._loaded()
        tasks = [
            Task(shows=text, seed=seed, width=width, height=height) for text, seed in zip(texts, seeds, strict=True)
        ]
        return paint(
            loaded,
            tasks,
            lambda few: self._text_arguments(loaded, few, [self.negative] * len(few)),
            self.batch_size,
            safety(self.safety_checker),
        )

    def _arguments(self, loaded: Loaded, starts: Sequence[Start]) -> dict[str, Any]:
        jobs = [start.job for start in starts]
        texts = [job.condition.caption.text for job in jobs]
        return self._text_arguments(loaded, texts, negatives(jobs, self.negative))

    def _text_arguments(self, loaded: Loaded, texts: Sequence[str], refused: Sequence[str]) -> dict[str, Any]:
        return {
            **text_arguments(loaded, texts, refused, self.guidance),
            "num_inference_steps": self.steps,
            "guidance_scale": self.guidance,
        }


def text_arguments(loaded: Loaded, texts: Sequence[str], refused: Sequence[str], guidance: float) -> dict[str, Any]:
    """Captions, and what not to paint, as embeddings where the pipeline's are known, else as texts."""
    if loaded.texts.encodes:
        return loaded.texts.arguments(texts, refused, guidance > 1, {})
    takes = "negative_prompt" in loaded.takes and any(refused)
    return {"prompt": list(texts)} | ({"negative_prompt": list(refused)} if takes else {})
