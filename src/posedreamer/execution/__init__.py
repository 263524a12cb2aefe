"""Stages, blocks and worker processes; knows nothing of humans."""
