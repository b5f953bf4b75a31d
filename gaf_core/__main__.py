"""`python -m gaf_core`: explanations on the command line, see `gaf_core.cli`."""

import sys

from gaf_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
