"""Draws people on pictures. One look for the annotated video and for the viewer."""
