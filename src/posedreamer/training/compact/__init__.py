"""The built-in diffusion generator, trained from nothing on studio pictures made on the spot."""
