"""`python main.py COMMAND` is the same program as `sdpose-track COMMAND`."""

import sys

from sdpose_track.cli import main

if __name__ == "__main__":
    sys.exit(main())
