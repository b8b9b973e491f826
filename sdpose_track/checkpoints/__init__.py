"""Finds weights files, checks that they are what they should be, fetches them when asked.

Loads none of them: that is the business of the rooms whose networks they are.
"""

from sdpose_track.checkpoints.finding import Weights, find, locate

__all__ = ["Weights", "find", "locate"]
