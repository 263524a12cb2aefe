"""The built-in diffusion generator: a small conditional model that this project trained on its own studio pictures."""
