"""Many nodes with the agent's real core and lease process, a simulated rest, and random faults: does one writer hold?"""

import sys
from pathlib import Path

# The agent's package lies where it does on a node: beside nothing of this project's.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "node"))
