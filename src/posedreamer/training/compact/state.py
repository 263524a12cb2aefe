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
from torch.optim.swa_utils import get_ema_multi_avg_fn

from posedreamer.errors import InputError
from posedreamer.generation.compact.network import Denoiser, Finisher, NetworkShape
from posedreamer.generation.compact.weights import CompactModel
from posedreamer.training.compact.attributes import WORDS
from posedreamer.training.compact.critics import CropCritic, SmallCritic

__all__ = ["Progress", "TrainingState"]

_TENSORS = "state-{step}.safetensors"
_FACTS = "state.json"
_MEAN_DECAY = 0.999
_FLOW_BETAS = (0.9, 0.99)
_DUEL_BETAS = (0.5, 0.99)


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
class Duel:
    """The critics, their optimiser, and how many steps it took."""

    critics: nn.ModuleDict = field(repr=False)
    optimiser: torch.optim.AdamW = field(repr=False)
    step: int = 0

    @classmethod
    def fresh(cls, shape: NetworkShape, denoiser: nn.Module, learning_rate: float, device: str) -> Duel:
        """Critics that know of pictures what the denoiser does, and of the difference nothing."""
        small = SmallCritic(shape)
        small.begin_as(denoiser)
        critics = nn.ModuleDict({"small": small, "crop": CropCritic(shape)})
        critics.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return cls(critics=critics, optimiser=_optimiser(critics, learning_rate, _DUEL_BETAS))

    def learn(self) -> None:
        """A step of the critics down the gradients that are there."""
        torch.nn.utils.clip_grad_norm_(self.critics.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1


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
    duel: Duel | None = field(default=None, repr=False)

    @classmethod
    def fresh(cls, shape: NetworkShape, tokenizer: Tokenizer, learning_rate: float, device: str) -> TrainingState:
        """Nothing learnt yet."""
        networks, means = _networks(shape, device), _networks(shape, device)
        means.load_state_dict(networks.state_dict())
        means.requires_grad_(False)
        optimiser = _optimiser(networks, learning_rate, _FLOW_BETAS)
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

    def begin_duel(self, learning_rate: float, device: str) -> Duel:
        """Critics beside the networks, which begin anew from their running means."""
        self.networks.load_state_dict(self.means.state_dict())
        self.optimiser = _optimiser(self.networks, learning_rate, _DUEL_BETAS)
        self.duel = Duel.fresh(self.shape, self.networks["denoiser"], learning_rate, device)
        return self.duel

    def learn(self) -> None:
        """A step of the optimiser down the gradients that are there, and of the running means after it."""
        torch.nn.utils.clip_grad_norm_(self.networks.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        keep = min(_MEAN_DECAY, (1 + self.progress.step) / (10 + self.progress.step))
        get_ema_multi_avg_fn(keep)(list(self.means.parameters()), list(self.networks.parameters()), 0)

    def save(self, folder: Path) -> None:
        """Writes both files, the facts last: a crash leaves the state before."""
        tensors = {
            f"{prefix}.{name}": tensor
            for prefix, module in self._modules().items()
            for name, tensor in module.state_dict().items()
        }
        for prefix, (module, optimiser) in self._optimised().items():
            for name, parameter in module.named_parameters():
                for key, value in optimiser.state.get(parameter, {}).items():
                    tensors[f"{prefix}.{key}.{name}"] = torch.as_tensor(value)
        path = folder / _TENSORS.format(step=self.progress.step)
        save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, path)
        facts = {
            "shape": asdict(self.shape),
            "tokenizer": self.tokenizer.to_str(),
            "progress": asdict(self.progress),
            "duel": None if self.duel is None else self.duel.step,
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
            state._take(tensors, facts, learning_rate, device)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise InputError(
                f"The training state in {folder} is damaged: {error}. Remove the folder to begin anew."
            ) from error
        return state

    def _take(self, tensors: dict[str, Tensor], facts: dict[str, Any], learning_rate: float, device: str) -> None:
        self.progress = Progress(**facts["progress"])
        if facts.get("duel") is not None:
            self.begin_duel(learning_rate, device).step = facts["duel"]
        for prefix, module in self._modules().items():
            start = f"{prefix}."
            own = {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
            module.load_state_dict(own)
        if self.progress.step == 0:
            return
        for prefix, (module, optimiser) in self._optimised().items():
            for name, parameter in module.named_parameters():
                for key in ("step", "exp_avg", "exp_avg_sq"):
                    optimiser.state[parameter][key] = tensors[f"{prefix}.{key}.{name}"].to(parameter.device)

    def _modules(self) -> dict[str, nn.Module]:
        modules: dict[str, nn.Module] = {"network": self.networks, "mean": self.means}
        return modules if self.duel is None else modules | {"critic": self.duel.critics}

    def _optimised(self) -> dict[str, tuple[nn.Module, torch.optim.AdamW]]:
        own: dict[str, tuple[nn.Module, torch.optim.AdamW]] = {"optimiser": (self.networks, self.optimiser)}
        return own if self.duel is None else own | {"critics_optimiser": (self.duel.critics, self.duel.optimiser)}


def _optimiser(networks: nn.Module, learning_rate: float, betas: tuple[float, float]) -> torch.optim.AdamW:
    return torch.optim.AdamW(networks.parameters(), lr=learning_rate, betas=betas, weight_decay=0.01, fused=True)


def _networks(shape: NetworkShape, device: str) -> nn.ModuleDict:
    networks = nn.ModuleDict(
        {
            "denoiser": Denoiser(shape),
            "finisher": Finisher(shape),
            "reader": nn.Linear(shape.text, 1 + len(WORDS)),
        }
    )
    return networks.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
