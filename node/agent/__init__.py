"""The agent of a node: it runs the service here while this node has the right to, and makes certain that it does not otherwise."""
