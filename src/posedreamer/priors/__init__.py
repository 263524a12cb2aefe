"""The pose prior: named families of human poses, joint limits, density."""
