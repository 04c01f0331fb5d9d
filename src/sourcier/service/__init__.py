"""Use cases: the only place that joins the engine and the ledger. No protobuf, no SQL."""
