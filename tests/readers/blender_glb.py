"""Imports a GLB file into Blender, and prints where its objects and bones are at given times.

Arguments: the file, frames per second of the scene, and a JSON file with a list of seconds. In the
axes of the file: Blender turns y up into z up. `up` is where the joint turns what was up at rest.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector


def turned(vector: Any) -> list[float]:
    """Return a vector of Blender in the axes of glTF."""
    return [vector.x, vector.z, -vector.y]


def bones_of(armature: Any) -> dict[str, Any]:
    """Return where each bone of an armature is and which way it turns."""
    found = {}
    world = armature.matrix_world
    for bone in armature.pose.bones:
        turn = world @ bone.matrix @ bone.bone.matrix_local.inverted()
        up = turn.to_3x3() @ Vector((0, 0, 1))
        found[bone.name] = {"head": turned(world @ bone.head), "up": turned(up)}
    return found


path, rate, times = sys.argv[1], float(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text())
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.render.fps = round(rate)
scene.render.fps_base = round(rate) / rate
bpy.ops.import_scene.gltf(filepath=path)
shown = []
for seconds in times:
    frame = seconds * scene.render.fps / scene.render.fps_base
    scene.frame_set(int(frame), subframe=frame - int(frame))
    shown.append(
        {
            thing.name: bones_of(thing)
            if thing.type == "ARMATURE"
            else turned(thing.matrix_world.translation)
            for thing in scene.objects
        }
    )
types = {thing.name: thing.type for thing in scene.objects}
extras = {thing.name: dict(thing.items()) for thing in scene.objects}
sys.stdout.write(json.dumps({"types": types, "extras": extras, "times": shown}, default=str))
