"""Curves of one person over time: positions, speeds, confidences, angles.

`curves`, `thinning` and `values` are arithmetic and know no Qt. Only `door` knows where pyqtgraph
comes from, and nothing imports it before a plot is first shown.
"""
