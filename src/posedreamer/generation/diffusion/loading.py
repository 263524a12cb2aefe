"""A pipeline from what a recipe names: loaded once per process, with its ControlNets, LoRAs and levers."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from posedreamer.errors import MissingWeightsError, PoseDreamerError, RecipeError, did_you_mean
from posedreamer.generation.diffusion.hub import ModelRef, locate
from posedreamer.generation.diffusion.library import diffusers, package, quietly, version
from posedreamer.generation.diffusion.loras import load_loras
from posedreamer.generation.diffusion.settings import NO_LEVERS, Levers
from posedreamer.generation.diffusion.texts import TextCache

__all__ = ["PRECISIONS", "Loaded", "PipelineSpec", "device_of", "load", "pipeline_class"]

PRECISIONS: Final = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSpec:
    """What makes a pipeline; a process keeps one per spec.

    Attributes:
        pipeline: a class of diffusers; "" takes the one that the model's own index names.
        model: a whole pipeline's folder or repository.
        networks: ControlNets in order; the same one twice is loaded once.
        network_class: their class in diffusers.
        loras: with their strengths, in order.
        widens_input: the first LoRA is a control LoRA.
        precision: of the weights, one of PRECISIONS.
        device: "auto", "cpu", "cuda", "cuda:1".
    """

    pipeline: str
    model: ModelRef
    networks: tuple[ModelRef, ...] = ()
    network_class: str = "ControlNetModel"
    loras: tuple[tuple[ModelRef, float], ...] = ()
    widens_input: bool = False
    precision: str = "bfloat16"
    device: str = "auto"
    levers: Levers = NO_LEVERS

    @property
    def refs(self) -> tuple[ModelRef, ...]:
        """Every model that is needed, once."""
        return tuple(dict.fromkeys((self.model, *self.networks, *(ref for ref, _ in self.loras))))


@dataclass(slots=True, kw_only=True)
class Loaded:
    """A pipeline ready to paint in this process.

    Attributes:
        pipeline: of diffusers.
        texts: embeddings of captions seen.
        batch_limit: what of a batch fits the device; halved when memory runs out, None as long as it never did.
    """

    pipeline: Any = field(repr=False)
    texts: TextCache = field(repr=False)
    device: str
    batch_limit: int | None = None

    @property
    def denoiser(self) -> Any:
        """The network that takes the steps."""
        return getattr(self.pipeline, "transformer", None) or self.pipeline.unet

    @property
    def takes(self) -> tuple[str, ...]:
        """Names of the arguments of the pipeline's call."""
        return tuple(inspect.signature(type(self.pipeline).__call__).parameters)[1:]

    @property
    def edge_multiple(self) -> int:
        """Widths and heights are multiples of this many pixels."""
        factor = int(getattr(self.pipeline, "vae_scale_factor", 8))
        return factor * 2 if getattr(self.pipeline, "transformer", None) is not None else factor


def device_of(device: str) -> str:
    """The device meant: "auto" is a CUDA device where there is one. Raises RecipeError for one that is not there."""
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise RecipeError(f"device is {device!r}, but this machine has no CUDA device; use 'auto' or 'cpu'")
    return device


def pipeline_class(name: str) -> Any:
    """The pipeline class of diffusers. Raises RecipeError for an unknown one, with the nearest."""
    library = diffusers()
    known = [each for each in dir(library) if each.endswith("Pipeline")]
    if name not in known:
        raise RecipeError(
            f"pipeline is {name!r}, which diffusers {version()} does not have.{did_you_mean(name, known)}"
        )
    with quietly():
        return getattr(library, name)


@lru_cache(maxsize=2)
def load(spec: PipelineSpec) -> Loaded:
    """The pipeline of a spec on its device, weights from this machine alone.

    Raises:
        MissingWeightsError: weights that are not here, or do not make this pipeline.
        InputError: a LoRA for another architecture.
        RecipeError: a pipeline, device or lever that there is not.
    """
    device = device_of(spec.device)
    kind = pipeline_class(spec.pipeline or "DiffusionPipeline")
    networks = _networks(spec)
    folder = locate(spec.model)
    options = _options(spec, kind, networks)
    try:
        with quietly():
            pipeline = kind.from_pretrained(str(folder), **options)
    except PoseDreamerError:
        raise
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise MissingWeightsError(
            f"{spec.model.label} cannot be loaded as {spec.pipeline or 'the pipeline its index names'}: {error}"
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    loras = [(locate(ref), ref.file, strength) for ref, strength in spec.loras]
    load_loras(pipeline, loras, widens_input=spec.widens_input)
    _place(pipeline, device, spec.levers)
    texts = TextCache(pipeline, keep=spec.levers.cache_texts, visit=spec.levers.offload_texts, device=device)
    loaded = Loaded(pipeline=pipeline, texts=texts, device=device)
    _pull(loaded, spec.levers)
    return loaded


def _networks(spec: PipelineSpec) -> list[Any]:
    kind = getattr(diffusers(), spec.network_class)
    known: dict[ModelRef, Any] = {}
    for ref in spec.networks:
        if ref in known:
            continue
        try:
            with quietly():
                known[ref] = kind.from_pretrained(str(locate(ref)), torch_dtype=_dtype(spec), local_files_only=True)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise MissingWeightsError(f"{ref.label} cannot be loaded as a {spec.network_class}: {error}") from error
    if len(known) == 1 and len(spec.networks) > 1 and spec.network_class == "FluxControlNetModel":
        return [known[spec.networks[0]]]  # one union network for several controls
    return [known[ref] for ref in spec.networks]


def _options(spec: PipelineSpec, kind: Any, networks: Sequence[Any]) -> dict[str, Any]:
    options: dict[str, Any] = {"torch_dtype": _dtype(spec), "local_files_only": True}
    if networks:
        several = len(spec.networks) > 1
        options["controlnet"] = _several(spec, networks) if several else networks[0]
    if "add_watermarker" in inspect.signature(kind.__init__).parameters:
        options["add_watermarker"] = False  # an invisible mark would depend on what else is installed
    if spec.levers.quantize:
        options["quantization_config"] = _quantisation(spec.levers.quantize)
    return options


def _several(spec: PipelineSpec, networks: Sequence[Any]) -> Any:
    if spec.network_class == "FluxControlNetModel":
        return diffusers().FluxMultiControlNetModel(list(networks))
    return list(networks)


def _dtype(spec: PipelineSpec) -> Any:
    import torch

    return getattr(torch, spec.precision)


def _quantisation(name: str) -> Any:
    """Weights of the denoiser in 8 bits, multiplied in the pipeline's precision."""
    step = "Install it with: python -m pip install --constraint constraints.txt 'posedreamer[quantize]'"
    torchao = package("torchao.quantization", step)
    with quietly():
        config = torchao.Int8WeightOnlyConfig() if name == "int8" else torchao.Float8WeightOnlyConfig()
        library = diffusers()
        kind = library.TorchAoConfig(config, modules_to_not_convert=["x_embedder"])  # control LoRAs widen it
        return library.PipelineQuantizationConfig(quant_mapping={"transformer": kind, "unet": kind})


def _place(pipeline: Any, device: str, levers: Levers) -> None:
    import torch

    for name, module in pipeline.components.items():
        if isinstance(module, torch.nn.Module) and not (levers.offload_texts and name.startswith("text_encoder")):
            module.to(device)
            module.eval().requires_grad_(False)


def _pull(loaded: Loaded, levers: Levers) -> None:
    """Levers that act on a loaded pipeline. Raises RecipeError where a model has no such lever."""
    denoiser, name = loaded.denoiser, type(loaded.denoiser).__name__
    if levers.attention:
        try:
            with quietly():
                denoiser.set_attention_backend(levers.attention)
        except (ValueError, RuntimeError, ImportError) as error:
            raise RecipeError(f"levers.attention {levers.attention!r} cannot be used here: {error}") from error
    if levers.step_cache > 0:
        if not hasattr(denoiser, "enable_cache"):
            raise RecipeError(f"levers.step_cache: {name} has no step cache; it is for FLUX and other transformers")
        denoiser.enable_cache(diffusers().FirstBlockCacheConfig(threshold=levers.step_cache))
    if levers.compile:
        if not getattr(denoiser, "_repeated_blocks", None):
            raise RecipeError(f"levers.compile: {name} names no repeated blocks to compile; leave it off")
        denoiser.compile_repeated_blocks(fullgraph=levers.step_cache == 0)
