"""The people of the session and what is worth a look, as lists that one works with.

Widgets, their models and their painting may enter; the document and `look` are all they know.
"""
