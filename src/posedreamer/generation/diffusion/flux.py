"""FLUX.1: a channel-concatenated control LoRA, or ControlNets (single and union), and any stack of LoRAs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from posedreamer.errors import RecipeError
from posedreamer.generation.diffusion.base import (
    DiffusionGenerator,
    Start,
    control_tensor,
    network_refs,
    one_or_all,
    read_controls,
)
from posedreamer.generation.diffusion.controls import UNION_MODES, check_kind
from posedreamer.generation.diffusion.loading import Loaded, PipelineSpec
from posedreamer.generation.diffusion.settings import ControlNet, Lora, check_number, read_many
from posedreamer.generation.protocol import PaintJob

__all__ = ["FluxGenerator", "check_flux", "flux_arguments", "read_control_lora"]

_PLAIN: Final = ("black-forest-labs/FLUX.1-dev", "black-forest-labs/FLUX.1-schnell")
"""Models without room for a control picture beside the latents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxGenerator(DiffusionGenerator):
    """FLUX.1 led by the caption and either by a control picture beside its latents, or by ControlNets.

    FLUX.1 is distilled: it takes no negative prompt. FLUX.1 [schnell] paints in 4 steps and ignores ``guidance``.

    Attributes:
        control: the control picture that stands beside the latents, where no ControlNets are named.
        control_lora: a mapping of ``model``, ``file``, ``strength``: the LoRA that taught the model to read it; empty
            for a model that reads it by itself (FLUX.1-Depth-dev).
        controlnets: mappings of ``kind``, ``model``, ``scale``, ``start``, ``end``, ``mode``; a union network may be
            named once per kind, it is loaded once.
        max_tokens: length captions are cut or filled to; 512, or 256 for [schnell].
    """

    guidance: float = 3.5
    control: str = "depth"
    control_lora: Any = None
    controlnets: Any = ()
    max_tokens: int = 512

    def _check(self) -> None:
        object.__setattr__(self, "controlnets", read_controls(self.controlnets, "flux.controlnets"))
        object.__setattr__(self, "control_lora", read_control_lora(self.control_lora, "flux.control_lora"))
        check_kind(self.control, "flux.control")
        check_number("flux.max_tokens", self.max_tokens, 1, 512)
        if self.controlnets and self.control_lora:
            raise RecipeError("flux has both controlnets and control_lora; name one of them")

    @property
    def name(self) -> str:
        """Catalogue id."""
        return "flux"

    @property
    def lacks(self) -> str:
        """A way to read the control picture, where the model is known to have none of its own."""
        repo = self._spec.model.repo
        if self.controlnets or self.control_lora or repo not in _PLAIN:
            return ""
        return (
            f"{repo} reads no {self.control} control picture by itself: name the LoRA that teaches it "
            "(generator.options.control_lora.model=./folder), or ControlNets (generator.options.controlnets)"
        )

    @property
    def _spec(self) -> PipelineSpec:
        networks = cast("tuple[ControlNet, ...]", self.controlnets)
        return PipelineSpec(
            pipeline="FluxControlNetPipeline" if networks else "FluxControlPipeline",
            networks=network_refs(networks, "flux.controlnets"),
            network_class="FluxControlNetModel",
            loras=self._lora_refs(cast("tuple[Lora, ...]", self.control_lora)),
            widens_input=bool(self.control_lora),
            **self._common(),
        )

    def _check_loaded(self, loaded: Loaded) -> None:
        check_flux(loaded, cast("tuple[ControlNet, ...]", self.controlnets))

    def _arguments(self, loaded: Loaded, starts: Sequence[Start]) -> dict[str, Any]:
        jobs = [start.job for start in starts]
        texts = [job.condition.caption.text for job in jobs]
        more = {"max_sequence_length": self.max_tokens}
        return {
            **loaded.texts.arguments(texts, [""] * len(jobs), False, more),
            **flux_arguments(loaded, cast("tuple[ControlNet, ...]", self.controlnets), self.control, jobs),
            "num_inference_steps": self.steps,
            "guidance_scale": self.guidance,
        }


def read_control_lora(value: object, option: str) -> tuple[Lora, ...]:
    """None or one control LoRA. Raises RecipeError."""
    if value is None or value == ():
        return ()
    return read_many(Lora, cast("tuple[object, ...]", value if isinstance(value, tuple) else (value,)), option)


def check_flux(loaded: Loaded, networks: Sequence[ControlNet]) -> None:
    """The model reads what it is given.

    Raises RecipeError for a transformer without room for a control picture, or a union network without a mode.
    """
    if networks:
        _modes(loaded, networks)
        return
    config = loaded.denoiser.config
    width, latents = int(config.in_channels), 4 * int(loaded.pipeline.vae.config.latent_channels)
    if width != 2 * latents:
        raise RecipeError(
            f"the transformer reads {width} channels, {2 * latents} are needed for a control picture beside "
            f"{latents} of latents: name a control_lora, ControlNets, or a model such as FLUX.1-Depth-dev"
        )


def flux_arguments(
    loaded: Loaded, networks: Sequence[ControlNet], control: str, jobs: Sequence[PaintJob]
) -> dict[str, Any]:
    """Control arguments of the FLUX pipelines."""
    if not networks:
        return {"control_image": control_tensor(jobs, control, signed=True)}
    return {
        "control_image": one_or_all([control_tensor(jobs, each.kind, signed=True) for each in networks]),
        "control_mode": one_or_all(_modes(loaded, networks)),
        "controlnet_conditioning_scale": one_or_all([float(each.scale) for each in networks]),
        "control_guidance_start": one_or_all([float(each.start) for each in networks]),
        "control_guidance_end": one_or_all([float(each.end) for each in networks]),
    }


def _modes(loaded: Loaded, networks: Sequence[ControlNet]) -> list[int | None]:
    """Of each control its number in its union network, None for a network of one kind."""
    model = loaded.pipeline.controlnet
    nets = list(getattr(model, "nets", [model]))
    nets = nets * len(networks) if len(nets) == 1 else nets
    modes: list[int | None] = []
    for net, each in zip(nets, networks, strict=True):
        count = getattr(net.config, "num_mode", None)
        mode = UNION_MODES.get(each.kind) if each.mode is None else each.mode
        if count is None:
            modes.append(None)
        elif mode is None or not 0 <= mode < count:
            raise RecipeError(
                f"{each.model} is a union ControlNet of {count} modes and {each.kind!r} is none that is known of it "
                f"({mode}); say its number with the key `mode`"
            )
        else:
            modes.append(mode)
    return modes
