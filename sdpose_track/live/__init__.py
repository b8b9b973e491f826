"""A live run: the newest picture wins, the fast model measures all, the pose model when it can."""
