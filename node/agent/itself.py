"""How this program starts itself again."""

import os
import sys


def own_command(*arguments: str) -> "list[str]":
    """Starts this program again, isolated from the environment and from what else is installed."""
    cache = ["-X", f"pycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else ["-B"]
    return [sys.executable, "-I", "-S", *cache, os.path.dirname(os.path.realpath(__file__)), *arguments]
