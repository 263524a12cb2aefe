"""The CPU rasteriser and the maps that are read off its buffers."""
