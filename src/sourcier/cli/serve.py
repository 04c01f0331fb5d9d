"""``sourcier serve``: the server."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from sourcier.cli.exits import REFUSED
from sourcier.cli.options import Database, DatabaseFile, database_url
from sourcier.config import Config
from sourcier.domain.errors import Refusal
from sourcier.domain.limits import SOLVE_MS_DEFAULT, SOLVES_PER_PROMISE

if TYPE_CHECKING:
    from collections.abc import Callable


def serve(
    context: typer.Context,
    db: Database = None,
    db_file: DatabaseFile = None,
    host: Annotated[
        str, typer.Option(help="Where to listen: in plain text, so a loopback address unless a proxy ends TLS.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes any free one.", min=0, max=65_535)] = 8433,
    workers: Annotated[int, typer.Option(help="Processes that share the port; callers need several connections.")] = 1,
    solvers: Annotated[int, typer.Option(help="Solver processes of each worker.")] = 1,
    solve_ms: Annotated[int, typer.Option(help="Solver time of one decision, milliseconds.")] = SOLVE_MS_DEFAULT,
    promise_solve_ms: Annotated[
        int | None,
        typer.Option(
            help=f"Solver time of a whole promise, milliseconds; if none, {SOLVES_PER_PROMISE} decisions' worth."
        ),
    ] = None,
) -> None:
    """Run the server until SIGTERM or Ctrl-C; calls under way then finish. A second signal ends it at once."""
    url = database_url(context, db, db_file)
    try:
        config = Config(
            database_url=url,
            host=host,
            port=port,
            workers=workers,
            solver_processes=solvers,
            solve_ms=solve_ms,
            promise_solve_ms=promise_solve_ms,
        )
    except Refusal as refusal:
        raise typer.BadParameter(
            "; ".join(f"{fault.field} {fault.description}" for fault in refusal.violations)
        ) from refusal

    from sourcier.logs import configure_logs
    from sourcier.processes.threads import share_interpreter
    from sourcier.terminal.consoles import console
    from sourcier.terminal.refusals import show_failure

    def ready(bound: int) -> None:
        typer.echo(f"sourcier serves on {host}:{bound}")

    configure_logs()
    share_interpreter()
    try:
        _serve_alone(config, ready) if config.workers == 1 else _serve_with_workers(config, ready)
    except Refusal as refusal:
        show_failure(console(stderr=True), refusal, "cannot serve")
        raise typer.Exit(REFUSED) from refusal
    except OSError as error:
        console(stderr=True).print(f"cannot serve: {error}", markup=False)
        raise typer.Exit(REFUSED) from error


def _serve_alone(config: Config, ready: "Callable[[int], None]") -> None:
    from sourcier.bootstrap import build
    from sourcier.processes.cores import stay_on_one_core
    from sourcier.rpc.server import Listen, run

    app = build(config)
    stay_on_one_core(os.getpid())
    run(app, Listen(host=config.host, port=config.port, drain_seconds=config.drain_seconds), ready=ready)


def _serve_with_workers(config: Config, ready: "Callable[[int], None]") -> None:
    from sourcier.workers.supervisor import serve_with_workers

    serve_with_workers(config, ready=ready)
