"""Whole pipelines of a few thousand random weights, saved as the hub lays models out, tokenizers too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from posedreamer.catalog import factory
from posedreamer.generation.diffusion.library import package, quietly

diffusers, transformers = package("diffusers"), package("transformers")

_WORDS = 128
_ALPHABET = [chr(c) for c in range(33, 127)]


COMMON: Mapping[str, Any] = {"precision": "float32", "steps": 2, "batch_size": 2}
"""Options under which pictures are the same to the last bit in any company, and soon painted."""


def quiet(make: Callable[..., Path]) -> Callable[..., Path]:
    """The libraries' advice of how they would rather be called is not this test's business."""

    @wraps(make)
    def made(*arguments: Any, **options: Any) -> Path:
        with quietly():
            return make(*arguments, **options)

    return made


def generator(name: str, folder: Path) -> Any:
    """A generator of the catalogue over tiny models in ``folder``."""
    model = flux(folder / "flux") if name == "flux" else sdxl(folder / "sdxl")
    nets = {
        "depth": sdxl_controlnet(folder / "depth", 41),
        "openpose": sdxl_controlnet(folder / "openpose", 42),
    }
    controls = [{"kind": kind, "model": str(path), "scale": 0.8} for kind, path in nets.items()]
    options: dict[str, dict[str, Any]] = {
        "sdxl": {"controls": controls},
        "flux": {"control_lora": {"model": str(flux_control_lora(folder / "lora"))}, "max_tokens": 32},
        "depth2img": {
            "controls": controls[:1],
            "first": {"generator": "text2img", "options": {"model": str(model), **COMMON}},
        },
        "text2img": {},
        "diffusers": {
            "pipeline": "StableDiffusionXLControlNetPipeline",
            "controls": controls,
            "arguments": {
                "prompt": "$caption",
                "image": ["$depth:unit", "$openpose:unit"],
                "num_inference_steps": "$steps",
            },
        },
    }
    return factory("generator", name)(model=str(model), **COMMON, **options[name])


def _seeded(seed: int) -> None:
    torch.manual_seed(seed)


def _lively(module: torch.nn.Module, gain: float = 1.0) -> torch.nn.Module:
    """Random everywhere, layers that start at zero included, so that every input moves every output.

    ``gain`` makes up for first layers that would let little through.
    """
    with torch.no_grad():
        for parameter in module.parameters():
            if float(parameter.detach().abs().max()) == 0.0:
                torch.nn.init.normal_(parameter, std=0.1)
            if parameter.ndim > 1:
                parameter.mul_(gain)
    return module.eval()


def _clip_tokenizer() -> Any:
    tokens = [*_ALPHABET, *[f"{letter}</w>" for letter in _ALPHABET], "<|startoftext|>", "<|endoftext|>"]
    tokenizer = transformers.CLIPTokenizer(vocab={token: k for k, token in enumerate(tokens)}, merges=[])
    tokenizer.model_max_length = 77
    return tokenizer


def _clip(projection: int | None, seed: int, width: int = 16) -> Any:
    _seeded(seed)
    config = transformers.CLIPTextConfig(
        vocab_size=2 * len(_ALPHABET) + 2,
        hidden_size=width,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        projection_dim=projection or width,
        bos_token_id=2 * len(_ALPHABET),
        eos_token_id=2 * len(_ALPHABET) + 1,
    )
    kind = transformers.CLIPTextModelWithProjection if projection else transformers.CLIPTextModel
    return kind(config).eval()


def _t5() -> tuple[Any, Any]:
    _seeded(3)
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *[(c, -3.0) for c in _ALPHABET]]
    tokenizer = transformers.T5Tokenizer(vocab=vocabulary, extra_ids=0)
    tokenizer.model_max_length = 77
    config = transformers.T5Config(
        vocab_size=_WORDS, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, relative_attention_num_buckets=8
    )
    return tokenizer, transformers.T5EncoderModel(config).eval()


def _vae(latents: int, seed: int, scaling: float, shift: float | None = None) -> Any:
    _seeded(seed)
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=latents,
        norm_num_groups=4,
        layers_per_block=1,
        scaling_factor=scaling,
        shift_factor=shift,
        use_quant_conv=shift is None,
        use_post_quant_conv=shift is None,
        mid_block_add_attention=False,
        force_upcast=False,
    )
    with torch.no_grad():
        vae.decoder.conv_out.weight.mul_(2.0)
    return _lively(vae)


def _unet_shape(cross: int) -> dict[str, Any]:
    return {
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "cross_attention_dim": cross,
        "norm_num_groups": 4,
        "attention_head_dim": (1, 2),
        "use_linear_projection": True,
        "transformer_layers_per_block": (1, 1),
    }


_SDXL_EXTRA: Mapping[str, Any] = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 6 * 8 + 16,
}


@quiet
def sdxl(folder: Path) -> Path:
    """SDXL, 64 latent pixels at most, float32."""
    _seeded(0)
    unet = diffusers.UNet2DConditionModel(
        **_unet_shape(32),
        **_SDXL_EXTRA,
        sample_size=16,
        in_channels=4,
        out_channels=4,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    pipeline = diffusers.StableDiffusionXLPipeline(
        vae=_vae(4, 1, 0.13),
        text_encoder=_clip(None, 4),
        text_encoder_2=_clip(16, 5),
        tokenizer=_clip_tokenizer(),
        tokenizer_2=_clip_tokenizer(),
        unet=_lively(unet),
        scheduler=diffusers.EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            steps_offset=1,
            timestep_spacing="leading",
        ),
        add_watermarker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


@quiet
def sdxl_controlnet(folder: Path, seed: int) -> Path:
    _seeded(seed)
    net = diffusers.ControlNetModel(**_unet_shape(32), **_SDXL_EXTRA, conditioning_embedding_out_channels=(4, 8, 8, 8))
    _lively(net, 2.0).save_pretrained(folder)
    return folder


def sdxl_lora(folder: Path, width: int = 16) -> Path:
    """A LoRA of the attention of ``sdxl``; another ``width`` is another architecture."""
    _seeded(7)
    layer = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    return _save_lora(folder, layer, width, 16)


def _save_lora(folder: Path, layer: str, wide: int, high: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{layer}.lora_A.weight": torch.randn(2, wide), f"{layer}.lora_B.weight": 8 * torch.randn(high, 2)}
    save_file(tensors, folder / "pytorch_lora_weights.safetensors")
    return folder


_FLUX: Mapping[str, Any] = {
    "patch_size": 1,
    "in_channels": 16,
    "num_layers": 1,
    "num_single_layers": 1,
    "attention_head_dim": 8,
    "num_attention_heads": 2,
    "joint_attention_dim": 16,
    "pooled_projection_dim": 16,
    "axes_dims_rope": (2, 2, 4),
    "guidance_embeds": True,
}


@quiet
def flux(folder: Path, transformer: Any = None) -> Path:
    """FLUX with 4 latent channels: its transformer reads 16 packed ones."""
    _seeded(11)
    tokenizer, encoder = _t5()
    model = transformer or diffusers.FluxTransformer2DModel(**_FLUX)
    pipeline = diffusers.FluxPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_vae(4, 12, 0.36, 0.11),
        text_encoder=_clip(None, 13),
        tokenizer=_clip_tokenizer(),
        text_encoder_2=encoder,
        tokenizer_2=tokenizer,
        transformer=_lively(model, 2.0),
    )
    pipeline.save_pretrained(folder)
    return folder


@quiet
def flux_controlnet(folder: Path, seed: int, modes: int | None = None) -> Path:
    _seeded(seed)
    net = diffusers.FluxControlNetModel(**_FLUX, num_mode=modes)
    _lively(net, 2.0).save_pretrained(folder)
    return folder


def flux_control_lora(folder: Path) -> Path:
    """A control LoRA: the transformer's first layer reads the control's 16 channels beside its own 16."""
    _seeded(21)
    return _save_lora(folder, "transformer.x_embedder", 32, 16)


def flux_lora(folder: Path, wide: int = 16) -> Path:
    _seeded(22)
    return _save_lora(folder, "transformer.transformer_blocks.0.attn.to_v", wide, 16)


@quiet
def depth2img(folder: Path) -> Path:
    """A depth-to-image checkpoint in the manner of Stable Diffusion 2."""
    _seeded(31)
    unet = diffusers.UNet2DConditionModel(
        **_unet_shape(16),
        sample_size=16,
        in_channels=5,
        out_channels=4,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    estimator = transformers.DPTForDepthEstimation(
        transformers.DPTConfig(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=16,
            backbone_out_indices=[0, 0, 1, 1],
            image_size=32,
            patch_size=16,
            neck_hidden_sizes=[8, 8, 8, 8],
            fusion_hidden_size=8,
            use_pretrained_backbone=False,
        )
    )
    pipeline = diffusers.StableDiffusionDepth2ImgPipeline(
        vae=_vae(4, 32, 0.18),
        text_encoder=_clip(None, 33),
        tokenizer=_clip_tokenizer(),
        unet=_lively(unet),
        scheduler=diffusers.DDIMScheduler(beta_schedule="scaled_linear", set_alpha_to_one=False, steps_offset=1),
        depth_estimator=estimator.eval(),
        feature_extractor=transformers.DPTImageProcessorPil(),
    )
    pipeline.save_pretrained(folder)
    return folder
