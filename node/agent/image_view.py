"""Which image the service's container is made from, and which one its name means on this node now."""

import time
from typing import Any

from .docker import Docker, DockerError

#: The container's label with the image's name in the settings (components/container-plan.ts).
_LABEL = "ha-rancher.image"


def image_view(socket: str, container: str, limit: float) -> "dict[str, Any]":
    """`limit`: seconds for all of it. Empty where Docker does not answer or has no such container.

    `id` is the container's; `named` that of the image with the name, None if there is none any more.
    """
    engine, end = Docker(socket), time.monotonic() + limit

    def rest() -> float:
        return max(0.01, end - time.monotonic())

    try:
        made = engine.inspect(container, rest())
        if made is None:
            return {}
        name = made.labels.get(_LABEL, "")
        image = engine.image(made.image, rest())
        named = engine.image(name, rest()) if name else None
    except DockerError:
        return {}
    finally:
        engine.close()
    return {"name": name or None, "id": made.image, "digests": image.digests if image else [], "named": named.id if named else None}
