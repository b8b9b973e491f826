"""`python -m sdpose_track COMMAND` is the same program as `sdpose-track COMMAND`."""

import sys

from sdpose_track.cli import main

sys.exit(main())
