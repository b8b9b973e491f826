"""Running jobs: tracking and exporting, each on its own thread, and the strip that shows them."""
