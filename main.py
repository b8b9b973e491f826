"""`python main.py COMMAND` is the same program as `sdpose-track COMMAND`."""

import sys

from ui.command import main

if __name__ == "__main__":
    sys.exit(main())
