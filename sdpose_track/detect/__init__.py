"""Finds people in frames: boxes, and keypoints where the detector is a pose model too."""
