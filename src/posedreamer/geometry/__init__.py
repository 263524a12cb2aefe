"""Rotations, the pinhole camera, keypoint layouts and keypoint metrics: pure functions over arrays."""
