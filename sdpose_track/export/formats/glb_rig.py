"""GLB of rigs: the flat skeleton of everybody in one file, each with a stick figure for a skin.

All have one scale and stand where they stand in the picture: x from its left, y from its bottom, in
metres such that the median person is as tall as chosen. The skin is there because programs such as
Blender make an armature of joints with a mesh only.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdpose_track.export.formats.glb_picture import person_extras, picture_extras
from sdpose_track.export.formats.rig_people import describe, described, moments, rigs, scale_of
from sdpose_track.export.glb import TRIANGLES, VERTICES, Glb, rising, temporary
from sdpose_track.export.job import Job
from sdpose_track.export.rig import Rest, Rig
from sdpose_track.export.rig_joints import NAMES, PARENTS
from sdpose_track.records import Float32, Float64, Int64
from sdpose_track.render.overlay import track_colour

_WIDEST_AT, _HALF_WIDTH = 0.2, 0.06
"""Of a stick: where along it and how wide, as shares of its length."""
_RING = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))
_FACES = np.array(
    [face for a, b in ((2, 3), (3, 4), (4, 5), (5, 2)) for face in ((0, b, a), (1, a, b))]
)
"""Of the six corners of a stick: its two ends, and the ring around where it is widest."""


def write(job: Job, part: Path) -> None:
    """Write one animation, `pose`, at the export's own times in seconds from its first frame.

    A person has a key for every moment from the first at which they were seen to the last.
    """
    # All at once for their common scale; a rig is small, 17 numbers a moment.
    people = list(rigs(job, moments(job)))
    heights = [rig.height_px for rig in people]
    metres = scale_of(job, float(np.median(heights)) if heights else 1.0)
    with temporary(part) as glb, part.open("wb") as file:
        for rig in people:
            _add_person(glb, job, rig, metres)
        glb.write(file, picture_extras(job, metres))
    describe(job, "m", {str(rig.track_id): described(job, rig, metres) for rig in people})


def _add_person(glb: Glb, job: Job, rig: Rig, metres: float) -> None:
    """Add a person who stands at the node `track_<id>`: below their first place, on their floor."""
    stand = np.array([rig.hips[0, 0], rig.floor_px])
    joints = _add_joints(glb, rig.rest, metres)
    _animate(glb, rig, joints, (rig.hips - stand) * metres)
    person = glb.node(
        f"track_{rig.track_id}",
        is_root=True,
        translation=_single([*stand * metres, 0]).tolist(),
        children=[joints[0]],
        extras=person_extras(job, rig.track_id),
    )
    _add_figure(glb, rig, joints, person, metres)


def _add_joints(glb: Glb, rest: Rest, metres: float) -> list[int]:
    """Add the joints at rest, and return their nodes."""
    offsets = rest.offsets.copy()
    offsets[0] = rest.standing()[0]
    where = _single(_spatial(offsets * metres)).tolist()
    nodes: dict[int, int] = {}
    for j in reversed(range(len(NAMES))):  # children before what holds them
        children = [nodes[child] for child, parent in enumerate(PARENTS) if parent == j]
        nodes[j] = glb.node(NAMES[j], translation=where[j], children=children)
    return [nodes[j] for j in range(len(NAMES))]


def _animate(glb: Glb, rig: Rig, joints: list[int], hips: Float64) -> None:
    seconds, usable = rising(rig.times)
    glb.animate(joints[0], "translation", seconds[usable], _spatial(hips[usable]))
    for node, turns in zip(joints, np.radians(rig.turns[usable]).T, strict=True):
        if turns.any():
            still = np.zeros_like(turns)
            quaternions = np.stack([still, still, np.sin(turns / 2), np.cos(turns / 2)], axis=1)
            glb.animate(node, "rotation", seconds[usable], quaternions)


def _add_figure(glb: Glb, rig: Rig, joints: list[int], person: int, metres: float) -> None:
    """Add a mesh of sticks, each of which goes with one joint."""
    corners, owners = _sticks(rig.rest)
    triangles = np.arange(0, len(corners), 6)[:, None] + _FACES.reshape(-1)
    influence, weights = np.zeros((len(corners), 4), np.uint8), np.zeros((len(corners), 4))
    influence[:, 0], weights[:, 0] = owners, 1
    attributes = {
        "POSITION": glb.accessor(_single(corners * metres), target=VERTICES, bounded=True),
        "JOINTS_0": glb.accessor(influence, target=VERTICES),
        "WEIGHTS_0": glb.accessor(_single(weights), target=VERTICES),
    }
    name = f"track_{rig.track_id}/figure"
    primitive = {
        "attributes": attributes,
        "indices": glb.accessor(triangles.reshape(-1).astype(np.uint16), target=TRIANGLES),
        "material": _add_colour(glb, rig.track_id),
    }
    mesh = glb.add("meshes", {"name": name, "primitives": [primitive]})
    inverse = np.tile(np.eye(4), (len(NAMES), 1, 1))
    inverse[:, 3, :2] = -rig.rest.standing() * metres  # a matrix is given by its columns
    matrices = glb.accessor(_single(inverse))
    skin = {"joints": joints, "skeleton": person, "inverseBindMatrices": matrices}
    glb.node(name, is_root=True, mesh=mesh, skin=glb.add("skins", skin))


def _sticks(rest: Rest) -> tuple[Float64, Int64]:
    """Return the (6 S, 3) corners of the figure in pixels, and the joint each of them goes with."""
    where = _spatial(rest.standing())
    bones = [(p, where[p], where[j]) for j, p in enumerate(PARENTS) if p >= 0]
    bones += [(j, where[j], where[j] + (*end, 0)) for j, end in rest.ends.items()]
    owners = np.repeat([joint for joint, *_ in bones], 6)
    start, end = np.array([ends for _, *ends in bones]).swapaxes(0, 1)
    along = end - start
    aside = along[:, (1, 0, 2)] * (-1, 1, 0)  # a quarter turn
    front = np.linalg.norm(along, axis=1, keepdims=True) * (0, 0, 1)
    ring = [start + _WIDEST_AT * along + _HALF_WIDTH * (a * aside + f * front) for a, f in _RING]
    return np.stack([start, end, *ring], axis=1).reshape(-1, 3), owners


def _add_colour(glb: Glb, track_id: int) -> int:
    """Add the colour that the person has in pictures, as the linear light that glTF wants."""
    linear = [round((level / 255) ** 2.2, 6) for level in reversed(track_colour(track_id))]
    surface = {"baseColorFactor": [*linear, 1.0], "metallicFactor": 0.0}
    return glb.add("materials", {"pbrMetallicRoughness": surface})


def _spatial(points: Float64) -> Float64:
    """Return (N, 2) points as (N, 3) in the plane of the picture."""
    return np.pad(points, ((0, 0), (0, 1)))


def _single(values: npt.ArrayLike) -> Float32:
    return np.asarray(values, np.float32)
