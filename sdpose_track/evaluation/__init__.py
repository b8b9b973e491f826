"""Scores what the models find against ground truth that people made (docs/evaluation.md).

Reads annotations, runs the pipeline on their pictures and compares, each step as the benchmark's
own code does it, so that figures can be laid beside published ones. Prints nothing.
"""
