"""Sourcier: what can a cart be promised, and where does an order ship from."""

__version__ = "0.1.0"
