"""Filters keypoints over time. Pure numpy on arrays of times, positions and confidences."""
