"""Prints what OpenSim finds in a MOT file, read in both its ways: `python opensim_mot.py FILE`."""

import json
import sys

import opensim

opensim.Logger.removeFileSink()  # it would be opensim.log in the current folder

table = opensim.TimeSeriesTable(sys.argv[1])
storage = opensim.Storage(sys.argv[1])
labels = list(table.getColumnLabels())
stored = storage.getColumnLabels()
moments = opensim.ArrayDouble()
storage.getTimeColumn(moments)
columns = {}
for label in labels:
    column = opensim.ArrayDouble()
    storage.getDataColumn(label, column)
    columns[label] = [column.get(i) for i in range(column.getSize())]
told = {
    "rows": table.getNumRows(),
    "labels": labels,
    "in_degrees": table.getTableMetaDataString("inDegrees"),
    "times": list(table.getIndependentColumn()),
    "columns": {label: table.getDependentColumn(label).to_numpy().tolist() for label in labels},
    "storage": {
        "in_degrees": storage.isInDegrees(),
        "labels": [stored.get(i) for i in range(stored.getSize())],
        "times": [moments.get(i) for i in range(moments.getSize())],
        "columns": columns,
    },
}
json.dump(told, sys.stdout)
