"""Which joint of a file plays which role: names of many makers, read together with the tree they stand in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from posedreamer.bodies.retarget import FINGERS, REQUIRED_ROLES, SIDES
from posedreamer.errors import InputError

__all__ = ["joint_roles"]

_THIGH: Final = ("upleg", "thigh", "upperleg", "femur", "legupper")
_SHANK: Final = ("shin", "calf", "lowerleg", "lowleg", "knee", "tibia", "leglower")
_CLAVICLE: Final = ("clavicle", "collar", "collarbone", "clav")
_UPPERARM: Final = ("upperarm", "uparm", "uarm", "humerus", "shldr", "armupper")
_FOREARM: Final = ("forearm", "lowerarm", "lowarm", "farm", "elbow", "radius", "armlower")
_TOE: Final = ("toe", "toes", "toebase", "ball")
_PLAIN: Final = ("hip", "leg", "ankle", "foot", "shoulder", "arm", "wrist", "hand", "eye")
_STEMS: Final = frozenset((*_THIGH, *_SHANK, *_CLAVICLE, *_UPPERARM, *_FOREARM, *_TOE, *_PLAIN))
_NOISE: Final = frozenset({"bip", "mixamorig", "character", "valvebiped", "def", "org", "jnt", "b", "skeleton"})
_FINGER_WORDS: Final[Mapping[str, str]] = {
    "thumb": "thumb",
    "index": "index",
    "pointer": "index",
    "middle": "middle",
    "mid": "middle",
    "ring": "ring",
    "pinky": "little",
    "pinkie": "little",
    "little": "little",
}
_PALM_WORDS: Final = ("metacarpal", "carpal", "inhand")
_ANIMAL_WORDS: Final = frozenset({"tail", "paw", "hoof", "wing", "muzzle", "snout", "fin"})
_SHOWN: Final = 12


def joint_roles(names: Sequence[str], parents: Sequence[int]) -> dict[str, int]:
    """Role (see ``RestSkeleton``) -> joint, for a human skeleton.

    Sides and limbs come from the names (CMU, Mixamo, Biped, LAFAN, SMPL, VRM, Poser, Blender and the like; words that
    mean different joints to different makers are settled by what else the file names); pelvis, spine and neck come
    from the tree: where the legs meet, where the arms meet, and what lies between.

    Raises InputError naming what was found and what is missing when it is not a human with two arms and two legs.
    """
    roles: dict[str, int] = {}
    for side in SIDES:
        roles |= {f"{side}_{part}": joint for part, joint in _limbs(_stems(names, side)).items()}
    missing = [role for role in REQUIRED_ROLES if role != "pelvis" and role not in roles]
    animal = [name for name in names if _ANIMAL_WORDS.intersection(_words(name)) and "pony" not in name.lower()]
    if missing or animal:
        _refuse(names, missing, animal)
    roles |= _trunk(names, parents, roles)
    for lower, upper in (("shank", "thigh"), ("forearm", "upperarm")):
        for side in SIDES:
            if roles[f"{side}_{upper}"] not in _ancestors(roles[f"{side}_{lower}"], parents):
                raise InputError(
                    f"joint {names[roles[f'{side}_{lower}']]!r} ({lower}) does not hang below "
                    f"{names[roles[f'{side}_{upper}']]!r} ({upper}); expected a human's limbs"
                )
    return roles | _fingers(names, parents, roles)


def _refuse(names: Sequence[str], missing: Sequence[str], animal: Sequence[str]) -> None:
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    reasons = [f"missing: {', '.join(role.replace('_', ' ') for role in missing)}"] if missing else []
    reasons += [f"an animal's: {', '.join(animal[:_SHOWN])}"] if animal else []
    raise InputError(
        f"not a human skeleton: found joints {shown}; {'; '.join(reasons)}. Expected two arms and two legs with left "
        "and right in their names (such as LeftUpLeg, LeftLeg, LeftArm, LeftForeArm)"
    )


def _words(name: str) -> list[str]:
    plain = name.rsplit(":", 1)[-1]
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", plain)]


def _sided(name: str) -> tuple[str, str]:
    """Side ("left", "right" or "") and what is left of the name without side, maker's prefix and numbers."""
    words = [word for word in _words(name) if word not in _NOISE and not word.isdigit()]
    for side, marks in (("left", ("left", "l")), ("right", ("right", "r"))):
        if any(word in marks for word in words):
            return side, "".join(word for word in words if word not in marks)
    whole = "".join(words)
    for side, marks in (("left", ("left", "l")), ("right", ("right", "r"))):
        for mark in marks:
            if whole.startswith(mark) and whole.removeprefix(mark) in _STEMS:
                return side, whole.removeprefix(mark)
            if whole.endswith(mark) and whole.removesuffix(mark) in _STEMS:
                return side, whole.removesuffix(mark)
    return "", whole


def _stems(names: Sequence[str], wanted: str) -> dict[str, int]:
    """Stem -> first joint of that stem on one side."""
    found: dict[str, int] = {}
    for joint, name in enumerate(names):
        side, stem = _sided(name)
        if side == wanted:
            found.setdefault(stem, joint)
    return found


def _limbs(stems: Mapping[str, int]) -> dict[str, int]:
    """Parts of one side. The same word is another joint with other makers: what else is named decides."""

    def first(*words: str) -> str:
        return next((word for word in words if word in stems), "")

    shank = first(*_SHANK)
    thigh = first(*_THIGH, "hip") or ("leg" if shank else "")
    shank = shank or ("leg" if thigh != "leg" else "")
    upperarm = first(*_UPPERARM, "arm", "shoulder")
    clavicle = first(*_CLAVICLE) or ("shoulder" if upperarm != "shoulder" else "")
    foot = first("ankle", "foot")
    toe = first(*_TOE) or ("foot" if foot == "ankle" else "")
    chosen = {
        "thigh": thigh,
        "shank": shank,
        "foot": foot,
        "toe": toe,
        "clavicle": clavicle,
        "upperarm": upperarm,
        "forearm": first(*_FOREARM),
        "hand": first("wrist", "hand"),
        "eye": first("eye"),
    }
    return {part: stems[stem] for part, stem in chosen.items() if stem in stems}


def _ancestors(joint: int, parents: Sequence[int]) -> list[int]:
    """The joint, its parent, ... up to the root."""
    line = [joint]
    while parents[line[-1]] >= 0:
        line.append(parents[line[-1]])
    return line


def _meeting(a: int, b: int, parents: Sequence[int]) -> int:
    above = set(_ancestors(b, parents))
    return next(joint for joint in _ancestors(a, parents) if joint in above)


def _between(upper: int, lower: int, parents: Sequence[int]) -> list[int]:
    """Joints below ``upper`` down to ``lower`` (included), from where the two branches part."""
    start = _meeting(upper, lower, parents)
    line = _ancestors(lower, parents)
    return line[: line.index(start)][::-1]


def _trunk(names: Sequence[str], parents: Sequence[int], limbs: Mapping[str, int]) -> dict[str, int]:
    pelvis = _meeting(limbs["left_thigh"], limbs["right_thigh"], parents)
    chest = _meeting(limbs["left_upperarm"], limbs["right_upperarm"], parents)
    spine = _between(pelvis, chest, parents)
    roles = {"pelvis": pelvis} | {f"spine_{k}": joint for k, joint in enumerate(spine, start=1)}
    stems = [_sided(name)[1] for name in names]
    heads = [k for k, stem in enumerate(stems) if stem in ("head", "skull")]
    necks = [k for k, stem in enumerate(stems) if "neck" in stem]
    tops = heads[:1] or necks[-1:]
    if not tops or tops[0] in _ancestors(chest, parents):
        return roles
    neck = _between(chest, tops[0], parents)[:-1]
    return roles | {f"neck_{k}": joint for k, joint in enumerate(neck, start=1)} | {"head": tops[0]}


def _fingers(names: Sequence[str], parents: Sequence[int], roles: Mapping[str, int]) -> dict[str, int]:
    """Up to three joints of each finger, where a hand has real fingers: three or more beside the thumb."""
    found: dict[str, int] = {}
    for side in SIDES:
        hand = roles.get(f"{side}_hand")
        chains: dict[str, list[int]] = {finger: [] for finger in FINGERS}
        for joint, name in enumerate(names):
            finger = _finger_of(name)
            if finger and hand is not None and hand in _ancestors(joint, parents):
                chains[finger].append(joint)
        if sum(len(chain) >= 2 for finger, chain in chains.items() if finger != "thumb") >= 3:
            for finger, chain in chains.items():
                found |= {f"{side}_{finger}_{k}": joint for k, joint in enumerate(chain[:3], start=1)}
    return found


def _finger_of(name: str) -> str:
    words = _words(name)
    joined = "".join(words)
    if any(word in joined for word in _PALM_WORDS):
        return ""
    for word in [*words, *(word[1:] for word in words if word[:1] in ("l", "r"))]:
        if word in _FINGER_WORDS:
            return _FINGER_WORDS[word]
    numbered = re.search(r"finger(\d)\d?$", joined)  # Biped counts from the thumb: Finger0, Finger01, Finger1 ...
    return FINGERS[int(numbered[1])] if numbered and int(numbered[1]) < len(FINGERS) else ""
