"""Many nodes with the agent's real core and lease process, a simulated rest, and random faults: does one writer hold?"""
