"""Pose estimators trained on real people by others, with pinned weights."""
