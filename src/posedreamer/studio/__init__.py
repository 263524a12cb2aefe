"""The procedural painter: dressed, lit, shaded people in painted places."""
