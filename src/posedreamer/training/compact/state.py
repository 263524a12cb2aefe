"""All that a training run has reached, as files: tensors in safetensors, the rest in JSON."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from posedreamer.errors import InputError
from posedreamer.generation.compact.network import Denoiser, Finisher, NetworkShape
from posedreamer.generation.compact.weights import CompactModel
from posedreamer.training.compact.attributes import WORDS

__all__ = ["Progress", "TrainingState"]

_TENSORS = "state-{step}.safetensors"
_FACTS = "state.json"


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far training has come.

    Attributes:
        step: optimiser steps.
        seen: pictures shown to the networks, repeats counted.
        made: fresh pictures made.
        seconds: time spent over all sittings, the making of pictures included.
        next_index: the first label index that no example was made of.
    """

    step: int = 0
    seen: int = 0
    made: int = 0
    seconds: float = 0.0
    next_index: int = 0


@dataclass(slots=True, kw_only=True)
class TrainingState:
    """Networks in training, their running means, the optimiser, the tokenizer and the progress.

    The networks are the model's two, and a "reader" that names each slot's word for the text encoder's sake; it is not
    part of the model.
    """

    shape: NetworkShape
    tokenizer: Tokenizer = field(repr=False)
    networks: nn.ModuleDict = field(repr=False)
    means: nn.ModuleDict = field(repr=False)
    optimiser: torch.optim.AdamW = field(repr=False)
    progress: Progress

    @classmethod
    def fresh(cls, shape: NetworkShape, tokenizer: Tokenizer, learning_rate: float, device: str) -> TrainingState:
        """Nothing learnt yet."""
        networks, means = _networks(shape, device), _networks(shape, device)
        means.load_state_dict(networks.state_dict())
        means.requires_grad_(False)
        optimiser = torch.optim.AdamW(
            networks.parameters(), lr=learning_rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True
        )
        return cls(
            shape=shape,
            tokenizer=tokenizer,
            networks=networks,
            means=means,
            optimiser=optimiser,
            progress=Progress(),
        )

    @classmethod
    def of_model(cls, model: CompactModel, learning_rate: float, device: str) -> TrainingState:
        """What a finished model has learnt, its optimiser fresh; only the reader begins anew."""
        state = cls.fresh(model.shape, model.tokenizer, learning_rate, device)
        for networks in (state.networks, state.means):
            for name, network in (("denoiser", model.denoiser), ("finisher", model.finisher)):
                networks[name].load_state_dict(network.state_dict())
        return state

    def save(self, folder: Path) -> None:
        """Writes both files, the facts last: a crash leaves the state before."""
        tensors: dict[str, Tensor] = {}
        for prefix, module in (("network", self.networks), ("mean", self.means)):
            tensors |= {f"{prefix}.{name}": tensor.contiguous() for name, tensor in module.state_dict().items()}
        for name, parameter in self.networks.named_parameters():
            for key, value in self.optimiser.state.get(parameter, {}).items():
                tensors[f"optimiser.{key}.{name}"] = torch.as_tensor(value).contiguous()
        path = folder / _TENSORS.format(step=self.progress.step)
        save_file({name: tensor.cpu() for name, tensor in tensors.items()}, path)
        facts = {
            "shape": asdict(self.shape),
            "tokenizer": self.tokenizer.to_str(),
            "progress": asdict(self.progress),
            "tensors": path.name,
        }
        scratch = folder / f"{_FACTS}.part"
        scratch.write_text(json.dumps(facts))
        os.replace(scratch, folder / _FACTS)
        for old in folder.glob(_TENSORS.format(step="*")):
            if old != path:
                old.unlink()

    @classmethod
    def load(cls, folder: Path, learning_rate: float, device: str) -> TrainingState | None:
        """The state saved in a folder, or None where none is.

        Raises InputError for damaged files.
        """
        if not (folder / _FACTS).exists():
            return None
        try:
            facts = json.loads((folder / _FACTS).read_text())
            tensors = load_file(folder / facts["tensors"])
            state = cls.fresh(
                NetworkShape(**facts["shape"]), Tokenizer.from_str(facts["tokenizer"]), learning_rate, device
            )
            state._take(tensors, facts)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise InputError(
                f"The training state in {folder} is damaged: {error}. Remove the folder to begin anew."
            ) from error
        return state

    def _take(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        for prefix, module in (("network.", self.networks), ("mean.", self.means)):
            own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
            module.load_state_dict(own)
        self.progress = Progress(**facts["progress"])
        if self.progress.step == 0:
            return
        for name, parameter in self.networks.named_parameters():
            for key in ("step", "exp_avg", "exp_avg_sq"):
                self.optimiser.state[parameter][key] = tensors[f"optimiser.{key}.{name}"].to(parameter.device)


def _networks(shape: NetworkShape, device: str) -> nn.ModuleDict:
    networks = nn.ModuleDict(
        {
            "denoiser": Denoiser(shape),
            "finisher": Finisher(shape),
            "reader": nn.Linear(shape.text, 1 + len(WORDS)),
        }
    )
    return networks.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
