"""The action word of a motion file, read off its name; "unknown" rather than a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from posedreamer.records import UNKNOWN_ACTION

__all__ = ["action_of", "fitting_action"]

_ACTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "balancing": ("balance", "balancing"),
        "bending over": ("bend", "bending"),
        "boxing": ("box", "boxing"),
        "catching": ("catch", "catching"),
        "clapping": ("clap", "clapping"),
        "climbing": ("climb", "climbing"),
        "crawling": ("crawl", "crawling"),
        "dancing": ("dance", "dancing", "salsa", "ballet", "breakdance"),
        "doing a cartwheel": ("cartwheel", "cartwheels"),
        "doing a handstand": ("handstand",),
        "doing push-ups": ("pushup", "pushups"),
        "doing yoga": ("yoga",),
        "getting up": ("getup", "standup"),
        "golfing": ("golf", "golfing"),
        "hopping": ("hop", "hopping"),
        "jogging": ("jog", "jogging"),
        "jumping": ("jump", "jumping", "leap"),
        "kicking": ("kick", "kicking"),
        "kneeling": ("kneel", "kneeling"),
        "lying down": ("lie", "lying", "laying"),
        "lunging": ("lunge", "lunging"),
        "marching": ("march", "marching"),
        "punching": ("punch", "punching"),
        "running": ("run", "running", "sprint"),
        "sitting": ("sit", "sitting"),
        "skipping": ("skip", "skipping"),
        "spinning": ("spin", "spinning", "pirouette"),
        "squatting": ("squat", "squatting", "squats"),
        "standing": ("stand", "standing", "idle"),
        "stretching": ("stretch", "stretching"),
        "throwing": ("throw", "throwing"),
        "walking": ("walk", "walking", "stroll"),
        "waving": ("wave", "waving"),
    }
)
_PHRASE_OF: Final = {word: phrase for phrase, words in _ACTIONS.items() for word in words}
_ON_FEET: Final = frozenset(
    {"jogging", "marching", "running", "skipping", "standing", "walking", "hopping", "squatting"}
)
_ON_FLOOR: Final = frozenset({"crawling", "lying down", "doing push-ups"})


def action_of(name: str) -> str:
    """What a file of this name shows, in words for a caption ("cmu_12_01_walk" gives "walking").

    Names that hold no known English word, or words of two different actions ("walk_to_sit"), give "unknown": which
    part of the motion a frame belongs to cannot be told from the name.
    """
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    words = [word for word in re.split(r"[^a-z]+", spaced.lower()) if word]
    pairs = [first + second for first, second in pairwise(words)]
    found = {_PHRASE_OF[pair] for pair in pairs if pair in _PHRASE_OF}
    found |= {
        _PHRASE_OF[word]
        for word in words
        if word in _PHRASE_OF and not any(word in p for p in pairs if p in _PHRASE_OF)
    }
    return found.pop() if len(found) == 1 else UNKNOWN_ACTION


def fitting_action(action: str, posture: str) -> str:
    """The action, or "unknown" where the frame's posture contradicts it (a crawl clip's frame that still stands)."""
    if (action in _ON_FEET and posture != "upright") or (action in _ON_FLOOR and posture == "upright"):
        return UNKNOWN_ACTION
    return action
