"""Which cases a fuzzer tries, each by its seed: in a soak as many as HA_RANCHER_FUZZ says, from HA_RANCHER_FUZZ_SEED on."""

import os

USUAL = 500


def cases(usual: int = USUAL) -> range:
    first = int(os.environ.get("HA_RANCHER_FUZZ_SEED", "1"))
    return range(first, first + int(os.environ.get("HA_RANCHER_FUZZ", str(usual))))
