"""The lease process and the agent's side of it. What it decides is in `core.lease`; what it does is here."""
