"""Stores, activates and reads revisions of rule sets."""
