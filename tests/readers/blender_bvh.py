"""Imports a BVH file into Blender as its menu does, and prints where joints are in each frame.

In the axes of the file: Blender turns y up into z up.
"""

from __future__ import annotations

import json
import sys

import bpy

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_anim.bvh(filepath=sys.argv[1], update_scene_fps=True)
scene = bpy.context.scene
(armature,) = scene.objects
frames = []
first, last = map(int, armature.animation_data.action.frame_range)
for number in range(first, last + 1):
    scene.frame_set(number)
    bones = {}
    for bone in armature.pose.bones:
        head, tail = (armature.matrix_world @ point for point in (bone.head, bone.tail))
        bones[bone.name] = [[p.x, p.z, -p.y] for p in (head, tail)]
    frames.append(bones)
render = scene.render
found = {"type": armature.type, "fps": render.fps / render.fps_base, "frames": frames}
sys.stdout.write(json.dumps(found))
