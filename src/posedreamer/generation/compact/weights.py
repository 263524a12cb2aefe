"""The compact model's one weight file: half-precision tensors, in its header the networks' shape and the tokenizer."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from posedreamer.errors import MissingWeightsError
from posedreamer.generation.compact.controls import CHANNELS, MODES
from posedreamer.generation.compact.network import Denoiser, Finisher, NetworkShape

__all__ = ["BUILT_IN", "CompactModel", "load_model", "save_model", "weights_digest"]

BUILT_IN: Final = Path(__file__).parent / "compact.safetensors"
"""The package's own weights."""

_FORMAT: Final = "posedreamer compact 2"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactModel:
    """The networks, ready to paint, with the tokenizer they were trained with and what is known of their training."""

    denoiser: Denoiser = field(repr=False)
    finisher: Finisher = field(repr=False)
    tokenizer: Tokenizer = field(repr=False)
    shape: NetworkShape
    card: Mapping[str, Any]


def save_model(model: CompactModel, path: Path) -> None:
    """Writes the file in half precision, whole or not at all."""
    tensors: dict[str, Tensor] = {}
    for prefix, network in (("denoiser", model.denoiser), ("finisher", model.finisher)):
        for name, tensor in network.state_dict().items():
            tensors[f"{prefix}.{name}"] = tensor.detach().to("cpu", torch.float16).contiguous()
    header = {
        "format": _FORMAT,
        "channels": json.dumps(CHANNELS),
        "modes": json.dumps(list(MODES)),
        "shape": json.dumps(asdict(model.shape)),
        "tokenizer": model.tokenizer.to_str(),
        "card": json.dumps(dict(model.card), sort_keys=True),
    }
    scratch = path.with_suffix(".part")
    save_file(tensors, scratch, metadata=header)
    scratch.replace(path)


def load_model(path: Path, device: str) -> CompactModel:
    """The model of a weight file, in single precision on ``device``.

    Raises MissingWeightsError for a file that is not there, damaged, or made for other control maps.
    """
    header, tensors = _read(path)
    shape = NetworkShape(**json.loads(header["shape"]))
    denoiser, finisher = Denoiser(shape), Finisher(shape)
    for prefix, network in (("denoiser.", denoiser), ("finisher.", finisher)):
        own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        try:
            network.load_state_dict(own)
        except RuntimeError as error:
            raise MissingWeightsError(f"{path} does not fit the networks it describes: {error}. {_STEP}") from error
        network.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        network.eval().requires_grad_(False)
    return CompactModel(
        denoiser=denoiser,
        finisher=finisher,
        tokenizer=Tokenizer.from_str(header["tokenizer"]),
        shape=shape,
        card=json.loads(header["card"]),
    )


def weights_digest(path: Path) -> str:
    """The first 12 hexadecimal digits of the file's SHA-256.

    Raises MissingWeightsError for a file that is not there.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError as error:
        raise MissingWeightsError(f"The compact model's weights cannot be read: {error}. {_STEP}") from error


_STEP: Final = (
    "Install the package again to get its own, or make others with `posedreamer train compact` and name their file in "
    "the generator's option `weights`."
)


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    if not path.is_file():
        raise MissingWeightsError(f"The compact model's weights are not at {path}. {_STEP}")
    try:
        with safe_open(path, framework="pt") as file:
            header = cast("dict[str, str]", file.metadata() or {})
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise MissingWeightsError(f"{path} is damaged: {error}. {_STEP}") from error
    if header.get("format") != _FORMAT:
        raise MissingWeightsError(f"{path} has format {header.get('format')!r}, expected {_FORMAT!r}. {_STEP}")
    if json.loads(header["channels"]) != list(CHANNELS) or json.loads(header["modes"]) != list(MODES):
        raise MissingWeightsError(f"{path} was trained on other control maps than this version makes. {_STEP}")
    return header, tensors
