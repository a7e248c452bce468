"""The drill's recorder: what a node's state is, many times a second, at the least cost to the node. Its own program is
node/drill/sampler; it needs nothing but this folder and Python's smallest modules."""
