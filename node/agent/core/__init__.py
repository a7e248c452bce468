"""The agent's decisions: pure functions over what was observed. Nothing in here reads a clock, a file or a socket."""
