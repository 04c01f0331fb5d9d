"""The command line: one module per family of commands.

Everything but Typer is imported when a command runs, so that ``sourcier --help`` answers at once.
"""


def main() -> None:
    """Run the command that the arguments name and exit with its code (`cli.exits`)."""
    from sourcier.cli.app import app

    app()
