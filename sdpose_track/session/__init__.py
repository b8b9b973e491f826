"""The .sdpose file: writing a run as it goes, reading it by frame and by person."""
