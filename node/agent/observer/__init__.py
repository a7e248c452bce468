"""Tells what goes on: keeps events on the disk, measures, writes metrics. A process of its own that decides nothing, with
ordinary priority: the agent does not know whether it runs."""
