"""A server in a process of its own: ``python -m tests.rpc.child DATABASE_URL NOTICE_SECONDS`` prints its port."""

import sys

from sourcier.bootstrap import build
from sourcier.config import Config
from sourcier.rpc.server import Listen, run


def main() -> None:
    url, notice_seconds = sys.argv[1:]
    listen = Listen(port=0, notice_seconds=float(notice_seconds), drain_seconds=10.0)
    run(build(Config(database_url=url)), listen, ready=lambda port: print(port, flush=True))


if __name__ == "__main__":
    main()
