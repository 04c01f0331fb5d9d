"""The ledger's alembic migrations; `sourcier.ledger.opening` runs them."""
