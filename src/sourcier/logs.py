"""Where the server's logs go. Libraries only write them; this is the one place that says how they look.

Tracebacks name frames and never show local variables: those hold requests, and may hold a database's password.
"""

import logging
import sys

import structlog

_FRAMES_ONLY = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


def configure_logs() -> None:
    """Log to standard error: readable lines on a terminal, one JSON object a line elsewhere."""
    common: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[structlog.types.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if sys.stderr.isatty()
        else [_FRAMES_ONLY, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*common, *ending],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # What is logged by the standard library's means: the ledger, gRPC, the drivers.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
