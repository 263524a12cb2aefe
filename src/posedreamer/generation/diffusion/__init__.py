"""Pretrained diffusion models as generators: thin typed adapters over diffusers."""
