"""Scenes: people posed in metres, framed by a camera, annotated in pixels."""
