"""What a person should look at in a session: doubtful frames, and figures of its quality.

Everything is computed from a view when asked for and nothing is stored; no picture is needed.
docs/review.md says each rule. Nothing that draws or prints may enter.
"""
