"""The timeline and the transport bar: where in the video we are, who is there, what is doubtful.

Widgets, the arithmetic of their time axis and their painting may enter. What they show belongs to
`ui.document`; they know no other panel.
"""
