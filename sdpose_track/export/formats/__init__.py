"""One module a format, each with a `write(job, part)`; they share rooms, never one another's code.

What two formats have in common stands in a module of its own beside them or in `export`. Which
formats there are, and what they are called, is said in `export.table`.
"""
