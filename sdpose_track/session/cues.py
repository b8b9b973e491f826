"""The cues in a session: what pictures told the tracker, so that a resumed run can replay it."""

from __future__ import annotations

import sqlite3

import numpy as np

from sdpose_track.records import FARTHEST, Cues
from sdpose_track.session.schema import array, blob, has_table


def store_cues(connection: sqlite3.Connection, frame: int, cues: Cues) -> None:
    """Insert the cues of a frame."""
    camera, looks = cues.camera, cues.looks
    row = (
        frame,
        None if camera is None else blob(camera, "<f4"),
        None if looks is None else blob(looks, "u1"),
        int(cues.is_cut),
    )
    connection.execute("INSERT INTO cue VALUES (?, ?, ?, ?)", row)


def read_cues(connection: sqlite3.Connection, frame: int, count: int) -> Cues | None:
    """Return the cues of a frame in which `count` people were detected; None if there are none.

    Raises ValueError or TypeError for what cannot be cues.
    """
    if not has_table(connection, "cue"):
        return None  # a session of version 1.0
    query = "SELECT camera, looks, is_cut FROM cue WHERE frame = ?"
    row = connection.execute(query, (frame,)).fetchone()
    if row is None:
        return None
    camera, looks, is_cut = row
    if camera is not None:
        camera = array(camera, "<f4", (2, 3))
        if not (np.abs(camera) < FARTHEST).all():  # nor is NaN below anything
            raise ValueError(f"no camera moves by {camera.tolist()}")
    if looks is not None:
        looks = array(looks, "u1", (count, -1 if count else 0))
    return Cues(camera, looks, bool(is_cut))
