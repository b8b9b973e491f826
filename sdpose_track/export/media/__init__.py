"""Pictures and sound, read again from a session's source and written into files.

What the formats that are videos share. It knows when something is shown, not what is drawn on it.
"""
