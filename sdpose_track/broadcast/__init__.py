"""Where live poses are sent on to: OSC, WebSocket, a virtual camera.

Each is a `sender.Sink`: `send` takes a `message.PoseMessage` and returns at once, and whatever
happens on the other side never stops the run. Nothing is taken from outside: no receiver can give
an order. The formats are described in `docs/live-outputs.md`.
"""
