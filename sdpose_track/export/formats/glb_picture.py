"""What both GLB formats say of the picture and of the people in it, for programs to find."""

from __future__ import annotations

from sdpose_track.export.glb import Thing
from sdpose_track.export.job import Job, ratio


def picture_extras(job: Job, metres_per_px: float) -> Thing:
    """Return what the asset says of the picture: pixels, frames per second, when 0 is in it."""
    source = job.view.source
    return {
        "fps": ratio(job.rate or source.rate),
        "start_s": float(job.start),
        "width": source.width,
        "height": source.height,
        "units_per_pixel": metres_per_px,
    }


def person_extras(job: Job, track_id: int) -> Thing:
    """Return what the node of a person says of them."""
    names = job.view.names
    return {"track_id": track_id, **({"name": names[track_id]} if track_id in names else {})}
