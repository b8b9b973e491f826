"""Keeps identities from frame to frame.

Who is who is decided by numpy and scipy alone, from boxes, times and `records.Cues`. What a picture
adds is worked out beside it: `camera`, `appearance` and `observer` are the modules that know cv2.
"""
