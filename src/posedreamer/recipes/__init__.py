"""Recipes: files to components to stages to runs."""
