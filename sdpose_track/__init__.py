"""Track people's poses in video: decode, detect, track, estimate, smooth, export."""

__version__ = "0.1.0"
