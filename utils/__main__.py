"""`python -m utils` is the command `semblance`."""

import sys

from utils.archive.command import main

if __name__ == "__main__":
    sys.exit(main())
