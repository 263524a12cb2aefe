"""All that a training run has reached, as files: tensors in safetensors, the rest in JSON."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

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

__all__ = ["PHASES", "Contest", "Phase", "Progress", "TrainingState"]

_TENSORS = "state-{step}.safetensors"
_FACTS = "state.json"


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far training has come.

    Attributes:
        step: optimiser steps.
        begun: the step at which the phase began.
        seen: pictures shown to the networks, repeats counted.
        made: fresh pictures made.
        seconds: time spent over all sittings, the making of pictures included.
        next_index: the first label index that no example was made of.
    """

    step: int = 0
    begun: int = 0
    seen: int = 0
    made: int = 0
    seconds: float = 0.0
    next_index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What learns in a part of the training, and how.

    Attributes:
        networks: those that learn; the others rest.
        critic: makes their critic, which begins with what the denoiser knows where it can; None where there is none.
        betas: of both optimisers; critics change what is asked, so that old gradients soon mislead.
        mean_decay: of the running means; a contest swings to and fro, and their mean is better than any moment of it.
    """

    networks: tuple[str, ...]
    critic: Callable[[NetworkShape], SmallCritic | CropCritic] | None = None
    betas: tuple[float, float] = (0.5, 0.99)
    mean_decay: float = 0.999


PHASES: Final = {
    "flow": Phase(networks=("denoiser", "finisher", "reader"), betas=(0.9, 0.99)),
    "duel": Phase(networks=("denoiser", "reader"), critic=SmallCritic),
    "rollout": Phase(networks=("denoiser",), betas=(0.9, 0.99)),
    "finish": Phase(networks=("finisher",), critic=CropCritic, mean_decay=0.9995),
}
"""The phases of a training, in order."""


@dataclass(slots=True, kw_only=True)
class Contest:
    """A critic, its optimiser, and how many steps it took."""

    critic: SmallCritic | CropCritic = field(repr=False)
    optimiser: torch.optim.AdamW = field(repr=False)
    step: int = 0

    def learn(self) -> None:
        """A step of the critic down the gradients that are there."""
        torch.nn.utils.clip_grad_norm_(self.critic.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1


@dataclass(slots=True, kw_only=True)
class TrainingState:
    """Networks in training, their running means, the optimiser, the tokenizer and the progress.

    The networks are the model's two, and a "reader" that names each slot's word for the text encoder's sake; it is not
    part of the model. ``optimiser`` is of those that learn in the phase, ``contest`` their critic there.
    """

    shape: NetworkShape
    tokenizer: Tokenizer = field(repr=False)
    networks: nn.ModuleDict = field(repr=False)
    means: nn.ModuleDict = field(repr=False)
    optimiser: torch.optim.AdamW = field(repr=False)
    progress: Progress
    phase: str = "flow"
    contest: Contest | None = field(default=None, repr=False)

    @classmethod
    def fresh(cls, shape: NetworkShape, tokenizer: Tokenizer, learning_rate: float, device: str) -> TrainingState:
        """Nothing learnt yet."""
        networks, means = _networks(shape, device), _networks(shape, device)
        means.load_state_dict(networks.state_dict())
        means.requires_grad_(False)
        return cls(
            shape=shape,
            tokenizer=tokenizer,
            networks=networks,
            means=means,
            optimiser=_optimiser(networks, learning_rate, PHASES["flow"].betas),
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

    def begin(self, phase: str, learning_rate: float, device: str) -> None:
        """A later phase, a key of PHASES: networks go on from their running means, under optimisers begun anew."""
        self.phase, plan = phase, PHASES[phase]
        self.progress.begun = self.progress.step
        self.networks.load_state_dict(self.means.state_dict())
        self.networks.zero_grad()
        self.optimiser = _optimiser(self._learning(), learning_rate, plan.betas)
        self.contest = None
        if plan.critic is None:
            return
        critic = plan.critic(self.shape)
        if isinstance(critic, SmallCritic):
            critic.begin_as(self.networks["denoiser"])
        critic.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.contest = Contest(critic=critic, optimiser=_optimiser(critic, learning_rate, plan.betas))

    def learn(self) -> None:
        """A step of the optimiser down the gradients that are there, and of the running means after it."""
        learning = list(self._learning().parameters())
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        keep = min(PHASES[self.phase].mean_decay, (1 + self.progress.step) / (10 + self.progress.step))
        means = [each for name in PHASES[self.phase].networks for each in self.means[name].parameters()]
        get_ema_multi_avg_fn(keep)(tuple(means), tuple(learning), 0)

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
            "phase": self.phase,
            "contest": 0 if self.contest is None else self.contest.step,
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
        if facts["phase"] != self.phase:
            self.begin(facts["phase"], learning_rate, device)
        self.progress = Progress(**facts["progress"])
        if self.contest is not None:
            self.contest.step = facts["contest"]
        for prefix, module in self._modules().items():
            start = f"{prefix}."
            own = {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
            module.load_state_dict(own)
        if self.progress.step == 0:
            return
        for prefix, (module, optimiser) in self._optimised().items():
            for name, parameter in module.named_parameters():
                if f"{prefix}.step.{name}" not in tensors:
                    continue  # it rests in this phase
                for key in ("step", "exp_avg", "exp_avg_sq"):
                    optimiser.state[parameter][key] = tensors[f"{prefix}.{key}.{name}"].to(parameter.device)

    def _learning(self) -> nn.ModuleDict:
        return nn.ModuleDict({name: self.networks[name] for name in PHASES[self.phase].networks})

    def _modules(self) -> dict[str, nn.Module]:
        modules: dict[str, nn.Module] = {"network": self.networks, "mean": self.means}
        return modules if self.contest is None else modules | {"critic": self.contest.critic}

    def _optimised(self) -> dict[str, tuple[nn.Module, torch.optim.AdamW]]:
        own: dict[str, tuple[nn.Module, torch.optim.AdamW]] = {"optimiser": (self._learning(), self.optimiser)}
        if self.contest is None:
            return own
        return own | {"critic_optimiser": (self.contest.critic, self.contest.optimiser)}


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
