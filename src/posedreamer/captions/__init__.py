"""Captions: text that never contradicts the label."""
