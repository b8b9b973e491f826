"""What is open in the viewer: frames, people, edits, and where we are. No widget may enter.

`document.Document` holds the parts together. Panels know the document and never each other.
"""
