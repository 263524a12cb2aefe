"""Captions to embeddings, each caption once, one at a time: what stands beside it in a batch changes nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

from posedreamer.generation.diffusion.library import quietly

__all__ = ["TextCache", "without_encoders"]

_GIVES: Final[Mapping[str, tuple[str | None, ...]]] = MappingProxyType(
    {
        "StableDiffusionXL": (
            "prompt_embeds",
            "negative_prompt_embeds",
            "pooled_prompt_embeds",
            "negative_pooled_prompt_embeds",
        ),
        "StableDiffusion3": (),
        "StableDiffusion": ("prompt_embeds", "negative_prompt_embeds"),
        "Flux2": (),
        "Flux": ("prompt_embeds", "pooled_prompt_embeds", None),
    }
)
"""What ``encode_prompt`` returns, by the start of the pipeline's class name, first match; () is not cached."""

_ENCODERS: Final = ("text_encoder", "text_encoder_2", "text_encoder_3")
_MOST: Final = 256


class TextCache:
    """Embeddings of captions of one pipeline, kept in main memory; the oldest of 256 make room."""

    def __init__(self, pipeline: Any, *, keep: bool, visit: bool, device: str) -> None:
        """``keep``: captions are encoded once; ``visit``: encoders are on the device only while they work."""
        self._pipeline = pipeline
        self._keep = keep
        self._visit = visit
        self._device = device
        self._known: OrderedDict[tuple[str, str, bool], dict[str, Any]] = OrderedDict()
        name = type(pipeline).__name__
        self._gives = next((gives for start, gives in _GIVES.items() if name.startswith(start)), ())

    @property
    def encodes(self) -> bool:
        """Whether captions of this pipeline can be encoded ahead; else it is given the texts themselves."""
        return bool(self._gives)

    @property
    def takes_negative(self) -> bool:
        """Whether what not to paint is part of the embeddings."""
        return "negative_prompt_embeds" in self._gives

    def __len__(self) -> int:
        """How many captions are known."""
        return len(self._known)

    def arguments(
        self, texts: Sequence[str], negatives: Sequence[str], guided: bool, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Arguments of a pipeline's call that stand for these captions: tensors with one row each."""
        import torch

        keys = [(text, negative, guided) for text, negative in zip(texts, negatives, strict=True)]
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        fresh: dict[tuple[str, str, bool], dict[str, Any]] = {}
        with self._visiting() if new else _nothing():
            for key in new:
                fresh[key] = self._encode(*key, more)
        rows = [self._known.get(key) or fresh[key] for key in keys]
        if self._keep:
            self._remember(fresh)
        return {name: torch.cat([row[name] for row in rows]).to(self._device) for name in rows[0]}

    def _remember(self, fresh: Mapping[tuple[str, str, bool], dict[str, Any]]) -> None:
        self._known.update(fresh)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)

    def _encode(self, text: str, negative: str, guided: bool, more: Mapping[str, Any]) -> dict[str, Any]:
        import torch

        options: dict[str, Any] = {"prompt": text, "device": self._device, "num_images_per_prompt": 1, **more}
        if self.takes_negative:
            options |= {"do_classifier_free_guidance": guided, "negative_prompt": negative or None}
        elif "pooled_prompt_embeds" in self._gives:
            options["prompt_2"] = None
        with torch.no_grad(), quietly():
            given = self._pipeline.encode_prompt(**options)
        named = {name: tensor for name, tensor in zip(self._gives, given, strict=True) if name and tensor is not None}
        return {name: tensor.to("cpu") for name, tensor in named.items()}

    @contextmanager
    def _visiting(self) -> Generator[None]:
        encoders = [getattr(self._pipeline, name, None) for name in _ENCODERS] if self._visit else []
        for encoder in encoders:
            if encoder is not None:
                encoder.to(self._device)
        try:
            yield
        finally:
            for encoder in encoders:
                if encoder is not None:
                    encoder.to("cpu")


@contextmanager
def without_encoders(pipeline: Any) -> Generator[None]:
    """The pipeline has no text encoders meanwhile, so that it looks for its device elsewhere."""
    kept = {name: encoder for name in _ENCODERS if (encoder := getattr(pipeline, name, None)) is not None}
    for name in kept:
        setattr(pipeline, name, None)
    try:
        yield
    finally:
        for name, encoder in kept.items():
            setattr(pipeline, name, encoder)


@contextmanager
def _nothing() -> Generator[None]:
    yield
