"""The decision: pure functions over a snapshot. numpy and OR-Tools, no I/O, no clock, no randomness."""
