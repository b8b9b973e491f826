"""How everything looks: themes, colours of people, icons, and numbers as text.

The lowest room of the viewer: Qt and the engine's own colours may enter, no other room of `ui`.
"""
