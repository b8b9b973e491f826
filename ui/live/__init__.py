"""The page for cameras and streams: what to open, what is seen, how it keeps up.

The engine runs on threads of its own; a `LiveJob` hears it and tells the page in the window's.
"""
