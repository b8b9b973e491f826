"""Keeps identities from frame to frame. numpy and scipy only; nothing here knows pictures."""
