"""People drawn on a picture with QPainter: values and strokes for every room that shows some."""
