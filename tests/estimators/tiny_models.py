"""Models small enough to make in a test: ONNX graphs, random ViTPose, RT-DETR, CLIP, classifier, heads over vectors."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

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


def write_clip(folder: Path, seed: int = 0, dimensions: int = 24) -> Path:
    """A random CLIP for pictures of 32 px, its files named and worded as those of the first public ones."""
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    ends = {"bos_token_id": len(tokens) - 2, "eos_token_id": len(tokens) - 1, "pad_token_id": len(tokens) - 1}
    torch.manual_seed(seed)
    config = CLIPConfig(
        text_config={**sizes, **ends, "vocab_size": len(tokens), "max_position_embeddings": 77},
        vision_config={**sizes, "image_size": 32, "patch_size": 8},
        projection_dim=dimensions,
    )
    model = CLIPModel(config)
    for parameter in model.parameters():  # the library's own start is so near zero that all pictures look the same
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, 0.0, 0.3)
    model.save_pretrained(folder)
    CLIPTokenizer(vocab={token: place for place, token in enumerate(tokens)}, merges=[]).save_pretrained(folder)
    _write_preparation(folder, {"feature_extractor_type": "CLIPFeatureExtractor", "crop_size": 32, "resample": 3})
    return folder


def write_classifier(folder: Path, names: dict[int, str], problem: str = "single_label_classification") -> Path:
    """A random ViT that tells pictures of 32 px apart."""
    from transformers import ViTConfig, ViTForImageClassification

    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
        id2label=names,
        problem_type=problem,
    )
    model = ViTForImageClassification(config)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, 0.0, 0.3)
    model.save_pretrained(folder)
    size = {"height": 32, "width": 32}
    _write_preparation(folder, {"image_processor_type": "ViTImageProcessor", "size": size, "resample": 2})
    return folder


def write_head(path: Path, sizes: tuple[int, ...], seed: int = 0, **metadata: str) -> Path:
    """Random linear layers of these sizes, named as the public aesthetic heads name theirs."""
    draw = torch.Generator().manual_seed(seed)
    tensors = {}
    for place, (inputs, outputs) in enumerate(pairwise(sizes)):
        tensors[f"layers.{2 * place}.weight"] = torch.randn(outputs, inputs, generator=draw)
        tensors[f"layers.{2 * place}.bias"] = torch.randn(outputs, generator=draw)
    save_file(tensors, path, metadata=metadata or None)
    return path


def _write_preparation(folder: Path, words: dict[str, object]) -> None:
    common = {"do_resize": True, "do_normalize": True, "size": 32, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    crops = {"do_center_crop": True} if "crop_size" in words else {}
    (folder / "preprocessor_config.json").write_text(json.dumps({**common, **crops, **words}))


def write_segformer(folder: Path, names: dict[int, str], seed: int = 0, everywhere: str = "") -> Path:
    """A SegFormer for semantic segmentation with its image processor; it sees one class ``everywhere`` if asked to."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessorPil

    torch.manual_seed(seed)
    config = SegformerConfig(
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[2, 1],
        hidden_sizes=[8, 8],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 1],
        mlp_ratios=[1, 1],
        decoder_hidden_size=8,
        id2label=names,
    )
    model = SegformerForSemanticSegmentation(config)
    if everywhere:
        model.decode_head.classifier.bias.data[list(names.values()).index(everywhere)] = 1e4
    model.save_pretrained(folder)
    SegformerImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder


def write_mask2former(folder: Path, names: dict[int, str]) -> Path:
    """A Mask2Former for universal segmentation with its image processor."""
    from transformers import (
        Mask2FormerConfig,
        Mask2FormerForUniversalSegmentation,
        Mask2FormerImageProcessorPil,
        SwinConfig,
    )

    torch.manual_seed(0)
    backbone = SwinConfig(
        image_size=64,
        patch_size=4,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 1, 1],
        window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    config = Mask2FormerConfig(
        backbone_config=backbone,
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        encoder_feedforward_dim=16,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        dim_feedforward=16,
        num_queries=5,
        id2label=names,
    )
    Mask2FormerForUniversalSegmentation(config).save_pretrained(folder)
    Mask2FormerImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder


def _written(graph: onnx.GraphProto, path: Path) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
