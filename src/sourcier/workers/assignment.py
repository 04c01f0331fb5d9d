"""What the supervisor tells a worker; in a module of its own, so that the supervisor need not load a whole server."""

from dataclasses import dataclass

from sourcier.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a worker is to do. `number` counts from 1; `port` is open to all workers."""

    number: int
    config: Config
    port: int
