"""Training of the models that the project brings along."""
