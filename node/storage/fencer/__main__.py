"""`python3 -I -S .../fencer COMMAND [CONFIGURATION]`: see `service.main`."""

import os
import sys

if not __package__:
    storage = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    # The agent's package, whose words both sides use, lies beside `storage`.
    sys.path[:0] = [storage, os.path.dirname(storage)]

from fencer.service import main

sys.exit(main(sys.argv[1:]))
