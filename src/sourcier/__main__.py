"""``python -m sourcier``: the same as the command ``sourcier``."""

from sourcier.cli import main

if __name__ == "__main__":
    main()
