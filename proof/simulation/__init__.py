"""Many nodes with the agent's real core and lease process, a simulated rest, and random faults: does one writer hold?"""

import sys
from pathlib import Path

# The packages lie where they do on a node: beside nothing of this project's.
NODE = Path(__file__).resolve().parents[2] / "node"
sys.path[:0] = [str(NODE), str(NODE / "storage")]
