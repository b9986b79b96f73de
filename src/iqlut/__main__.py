"""`python -m iqlut`."""

import sys

from iqlut.cli import main

sys.exit(main())
