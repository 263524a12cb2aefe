"""Generated human data with true labels: 3D body first, picture second, and only pictures that agree are kept."""

__version__ = "0.1.0"
