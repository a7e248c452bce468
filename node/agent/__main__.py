"""`python3 -I -S .../agent COMMAND`: works from any folder, with nothing of the environment, and
goes on with its own files when another version is installed beside it."""

import gc
import os
import sys

# Loading makes thousands of objects and no garbage, which would be looked for again and again.
gc.disable()

if not __package__:
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

from agent.daemons import quick  # noqa: E402

code = quick(sys.argv[1:])
if code is None:
    from agent.cli import main

    gc.enable()
    code = main(sys.argv[1:])
sys.exit(code)
