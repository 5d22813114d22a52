"""`python -m abstract_beauty` is the command line."""

import sys

from abstract_beauty.cli import main

sys.exit(main())
