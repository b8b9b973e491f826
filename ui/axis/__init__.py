"""The time axis that timeline and plots share: places of frames, and what a ruler tells. Pure."""
