"""`python3 -I -B .../agent COMMAND`: works from any folder, with nothing of the environment, and
goes on with its own files when another version is installed beside it."""

import os
import sys

if not __package__:
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

from agent.cli import main

sys.exit(main(sys.argv[1:]))
