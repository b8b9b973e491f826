"""The window: what is where in it, and which command does what. No painting, no arithmetic."""
