"""Generators: painters of conditions behind one protocol."""
