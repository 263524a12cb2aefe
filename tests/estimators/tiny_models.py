"""Pose models small enough to make in a test: ONNX graphs, a random ViTPose and a random RT-DETR."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


def write_heatmap_model(path: Path, weights_17x3: np.ndarray, size_hw: tuple[int, int] = (64, 48)) -> Path:
    """Each joint's heatmap is a weighted sum of the picture's channels, at a quarter of its size."""
    kernel = np.repeat(np.repeat(weights_17x3[:, :, None, None] / 16.0, 4, axis=2), 4, axis=3).astype(np.float32)
    height, width = size_hw
    graph = helper.make_graph(
        [helper.make_node("Conv", ["picture", "kernel"], ["maps"], strides=[4, 4])],
        "heatmaps",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["batch", 3, height, width])],
        [helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["batch", len(weights_17x3), None, None])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    return _written(graph, path)


def write_simcc_model(path: Path) -> Path:
    """Both vectors of every joint are the largest of the red channel along the other axis."""
    pick = np.zeros((17, 3, 1, 1), dtype=np.float32)
    pick[:, 0] = 1.0
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["picture", "pick"], ["red"]),
            helper.make_node("ReduceMax", ["red"], ["across"], axes=[2], keepdims=0),
            helper.make_node("ReduceMax", ["red"], ["down"], axes=[3], keepdims=0),
        ],
        "simcc",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["batch", 3, 64, 48])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 17, None]) for name in ("across", "down")],
        [numpy_helper.from_array(pick, "pick")],
    )
    return _written(graph, path)


def random_weights() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(17, 3))


def write_vitpose(folder: Path, experts: int = 1, joints: int = 17) -> Path:
    from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation

    torch.manual_seed(0)
    backbone = VitPoseBackboneConfig(
        image_size=[64, 48],
        patch_size=[16, 16],
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        mlp_ratio=2,
        num_experts=experts,
        part_features=4 if experts > 1 else 0,
        out_features=["stage1"],
    )
    names = {joint: str(joint) for joint in range(joints)}
    config = VitPoseConfig(backbone_config=backbone, use_simple_decoder=True, id2label=names)
    VitPoseForPoseEstimation(config).save_pretrained(folder)
    return folder


def write_detector(folder: Path, names: dict[int, str]) -> Path:
    from transformers import RTDetrConfig, RTDetrForObjectDetection, RTDetrResNetConfig

    torch.manual_seed(0)
    sizes = [8, 8, 8]
    backbone = RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, *sizes],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    config = RTDetrConfig(
        backbone_config=backbone,
        id2label=names,
        encoder_hidden_dim=16,
        encoder_in_channels=sizes,
        encoder_layers=1,
        encoder_ffn_dim=16,
        encoder_attention_heads=2,
        d_model=16,
        num_queries=6,
        decoder_in_channels=[16, 16, 16],
        decoder_ffn_dim=16,
        decoder_layers=1,
        decoder_attention_heads=2,
    )
    RTDetrForObjectDetection(config).save_pretrained(folder)
    return folder


def _written(graph: onnx.GraphProto, path: Path) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
