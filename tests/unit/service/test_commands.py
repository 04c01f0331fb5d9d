"""The words between the edge and the use cases."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime

import pytest

from sourcier.service.commands import LineQuantity, RuleSetRevision


def test_a_revision_has_a_resource_name() -> None:
    revision = RuleSetRevision(
        rule_set_id="main", revision=7, yaml="", comment="", created_at=datetime(2026, 1, 1, tzinfo=UTC), active=True
    )
    assert revision.name == "ruleSets/main/revisions/7"


def test_commands_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        LineQuantity(line_no=1, quantity=2).quantity = 3  # type: ignore[misc]
