"""The page for cameras and streams: what to open, what is seen, how it keeps up.

It opens nothing by itself. Whoever runs a live source hears `LivePage.start_wanted` and
`stop_wanted` and answers through its `show_...` methods.
"""
