"""Prints what OpenSim finds in a TRC file: `python opensim_trc.py FILE`."""

import json
import math
import sys

import opensim

opensim.Logger.removeFileSink()  # it would be opensim.log in the current folder

table = opensim.TimeSeriesTableVec3(sys.argv[1])
labels = list(table.getColumnLabels())
points = []
for i in range(table.getNumRows()):
    row = table.getRowAtIndex(i)
    points.append([[row[k][axis] for axis in range(3)] for k in range(len(labels))])
missing = [
    [i, labels[k]]
    for i, row in enumerate(points)
    for k, point in enumerate(row)
    if math.isnan(point[0])
]
keys = list(table.getTableMetaDataKeys())
told = {
    "rows": table.getNumRows(),
    "labels": labels,
    "meta": {key: table.getTableMetaDataString(key) for key in keys},
    "times": list(table.getIndependentColumn()),
    "missing": missing,
    "points": [[[c if math.isfinite(c) else None for c in p] for p in row] for row in points],
}
json.dump(told, sys.stdout)
