"""LoRAs: checked against the model they are made for, then stacked with their strengths."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from posedreamer.errors import InputError
from posedreamer.generation.diffusion.library import quietly

__all__ = ["check_lora", "load_loras"]

_TENSOR: Final = re.compile(r"^(?P<layer>.+?)\.(?:lora_A|lora_B|lora\.down|lora\.up)(?:\.[\w-]+)?\.weight$")
_IN: Final = (".lora_A.", ".lora.down.")


def load_loras(pipeline: Any, loras: Sequence[tuple[Path, str, float]], *, widens_input: bool) -> None:
    """Every LoRA (folder or file, file name, strength) acts on the pipeline with its strength.

    Args:
        pipeline: a diffusers pipeline.
        loras: in order; a strength of 0 leaves the pictures as they were.
        widens_input: a control LoRA may widen the transformer's first layer.

    Raises InputError naming the first tensor that does not fit: the LoRA is for another architecture.
    """
    names: list[str] = []
    for place, (path, file, _) in enumerate(loras):
        options = {"weight_name": path.name if path.is_file() else file or _only_file(path)}
        folder = str(path.parent if path.is_file() else path)
        with quietly():
            state: Any = pipeline.lora_state_dict(folder, local_files_only=True, **options, **_extra(pipeline))
        tensors = cast("Mapping[str, Any]", state[0] if isinstance(state, tuple) else state)
        check_lora(pipeline, {name: tuple(t.shape) for name, t in tensors.items()}, str(path), widens_input)
        names.append(f"lora_{place}")
        with quietly():
            pipeline.load_lora_weights(folder, adapter_name=names[-1], local_files_only=True, **options)
    if names:
        pipeline.set_adapters(names, [strength for _, _, strength in loras])


def check_lora(pipeline: Any, shapes: Mapping[str, tuple[int, ...]], name: str, widens_input: bool) -> None:
    """Every low-rank pair fits a layer of the pipeline's denoiser; those of text encoders are left to the loader.

    Raises InputError naming the first tensor that has no layer, or another width than its layer.
    """
    layers = {
        f"{component}.{path}": tuple(module.weight.shape)
        for component in ("unet", "transformer")
        if (model := getattr(pipeline, component, None)) is not None
        for path, module in model.named_modules()
        if getattr(module, "weight", None) is not None and module.weight.ndim >= 2
    }
    layers = {path.replace(".base_layer", ""): shape for path, shape in layers.items()}
    found = 0
    for tensor, shape in shapes.items():
        match = _TENSOR.match(tensor)
        if match is None or tensor.startswith("text_encoder"):
            continue
        found += 1
        layer = layers.get(match["layer"])
        if layer is None:
            raise InputError(_words(name, tensor, "the model has no such layer", pipeline))
        side = 1 if any(part in tensor for part in _IN) else 0
        wide = widens_input and side == 1 and match["layer"].endswith("x_embedder") and shape[1] > layer[1]
        if shape[side] != layer[side] and not wide:
            raise InputError(
                _words(name, tensor, f"it has shape {list(shape)}, the layer has shape {list(layer)}", pipeline)
            )
    if not found:
        raise InputError(f"{name} holds no LoRA: none of its {len(shapes)} tensors is one of a low-rank pair")


def _words(name: str, tensor: str, why: str, pipeline: Any) -> str:
    return (
        f"{name} is a LoRA for another architecture than {type(pipeline).__name__}'s: first mismatch at "
        f"{tensor!r}: {why}. Name a LoRA that was trained on this model."
    )


def _extra(pipeline: Any) -> dict[str, Any]:
    """SDXL's LoRA files of other trainers are told apart by the UNet's shape."""
    unet = getattr(pipeline, "unet", None)
    return {"unet_config": unet.config} if unet is not None else {}


def _only_file(folder: Path) -> str:
    files = sorted(path.name for path in folder.glob("*.safetensors"))
    if len(files) != 1:
        raise InputError(f"{folder} holds {len(files)} .safetensors files; say which one is meant with the key `file`")
    return files[0]
