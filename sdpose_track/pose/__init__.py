"""Finds the keypoints of each person that tracking follows."""
