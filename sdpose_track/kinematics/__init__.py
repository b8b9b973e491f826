"""What a body does, measured from tracks: angles, bone lengths, speeds, contacts, jitter.

Pure numpy on the arrays of one person. Everything is planar: it is measured in the picture, so a
limb that points at the camera is short and its angles mean little. `table.kinematics` gives all of
it at once; docs/kinematics.md defines each column.
"""
