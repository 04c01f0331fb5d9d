"""``sourcier serve --workers N``: several processes behind one port, and the parent that keeps them running."""
