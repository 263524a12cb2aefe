"""Scorers and the gate: numbers first, decisions after."""
