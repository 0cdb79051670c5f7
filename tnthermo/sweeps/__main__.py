"""One task of a job array: python -m tnthermo.sweeps DIR RUN."""

import sys

from tnthermo.sweeps.task import main

sys.exit(main(sys.argv[1:]))
