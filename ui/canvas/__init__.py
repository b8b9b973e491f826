"""The picture with the people on it. It knows the document and the look, and no other panel."""
