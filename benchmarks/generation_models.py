"""FLUX pipelines of random weights in the layout of the hub, tiny or in full size; and what machine this is."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from pathlib import Path
from typing import Any

TINY = Path(__file__).parent.parent / "tests" / "generation" / "diffusion" / "tiny.py"
FULL_DISK_GB = 36


def flux_folder(folder: Path, size: str) -> Path:
    """The pipeline's folder, made unless it is there: "tiny", or "full" as FLUX.1-Depth-dev is built (12 B)."""
    path = folder / f"flux-{size}"
    if not (path / "model_index.json").exists():
        (tiny_flux if size == "tiny" else full_flux)(path)
    return path


def tiny_flux(path: Path) -> None:
    tiny = load_tiny()
    config = {**tiny._FLUX, "in_channels": 32, "out_channels": 16, "num_layers": 2, "num_single_layers": 2}
    tiny.flux(path, tiny.diffusers.FluxTransformer2DModel(**config))


def full_flux(path: Path) -> None:
    """Full size in bfloat16, drawn on the GPU; tokenizers are the tiny model's, as words mean nothing here."""
    free_gb = shutil.disk_usage(path.parent).free / 1e9
    if free_gb < FULL_DISK_GB:
        raise SystemExit(f"{path.parent} has {free_gb:.0f} GB free, the full-size model takes {FULL_DISK_GB}")
    tiny = load_tiny()
    small = path.with_name("flux-tokenizers")
    tiny.flux(small)
    diffusers, transformers = tiny.diffusers, tiny.transformers
    with tiny.quietly():
        pipeline = diffusers.FluxPipeline.from_pretrained(str(small), local_files_only=True)
    end = pipeline.text_encoder.config.eos_token_id
    parts = {
        "transformer": lambda: diffusers.FluxTransformer2DModel(
            in_channels=128, out_channels=64, num_layers=19, num_single_layers=38, guidance_embeds=True
        ),
        "text_encoder_2": lambda: transformers.T5EncoderModel(
            transformers.T5Config(
                vocab_size=32128, d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_heads=64,
                feed_forward_proj="gated-gelu",
            )
        ),
        "text_encoder": lambda: transformers.CLIPTextModel(
            transformers.CLIPTextConfig(
                hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
                projection_dim=768, bos_token_id=end - 1, eos_token_id=end,
            )
        ),
        "vae": lambda: diffusers.AutoencoderKL(
            block_out_channels=(128, 256, 512, 512), down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4, latent_channels=16, layers_per_block=2, scaling_factor=0.3611,
            shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False, force_upcast=False,
        ),
    }  # fmt: skip
    for name in ("scheduler", "tokenizer", "tokenizer_2"):
        shutil.copytree(small / name, path / name)
    for name, make in parts.items():
        drawn(make).save_pretrained(path / name)
    shutil.copy(small / "model_index.json", path / "model_index.json")


def drawn(make: Any) -> Any:
    """A network with random weights in bfloat16, drawn where there is most room."""
    import torch

    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
            return make().eval()
    finally:
        torch.set_default_dtype(before)


def load_tiny() -> Any:
    """The tests' maker of tiny models; by its path, as benchmarks and tests have modules of the same names."""
    spec = importlib.util.spec_from_file_location("tiny_models", TINY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def peak_gb() -> float:
    """Of the device; on a CPU of the process, which also holds what else the run has loaded."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024 / 1e9


def hardware() -> str:
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name(0)
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{name}, {torch.get_num_threads()} thread(s)"
