"""Rule set revisions by name, with and without their text."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.rpc import messages
from tests.rpc.spoil import REQUEST_IDS_REFUSED, TEXTS_REFUSED, assign, faults_of

from sourcier.domain.errors import Violation
from sourcier.rpc import translate_rules as rules
from sourcier.service.commands import RuleSetRevision

REVISION = RuleSetRevision(
    rule_set_id="main",
    revision=3,
    yaml="rule_set: main\n",
    comment="a\ncomment",
    created_at=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
    active=True,
)


def test_a_revision_comes_with_its_text() -> None:
    request = messages.create_revision()
    request.validate_only = True
    command = rules.parse_create_revision(request)
    assert (command.rule_set_id, command.yaml, command.comment) == ("main", messages.RULES, "first")
    assert command.validate_only
    assert command.key.method == "CreateRuleSetRevision"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *(("rule_set_id", value) for value in TEXTS_REFUSED),
        ("rule_set_id", "a/b"),
        ("yaml", ""),
        ("yaml", "a\0"),
        ("yaml", "x" * 262_145),
        ("comment", "x" * 1_025),
        *(("request_id", value) for value in REQUEST_IDS_REFUSED),
    ],
)
def test_spoilt_revisions_are_refused_for_the_field(path: str, value: object) -> None:
    request = messages.create_revision()
    assign(path, value)(request)
    assert list(faults_of(lambda: rules.parse_create_revision(request))) == [path]


def test_warnings_are_told() -> None:
    warned = replace(REVISION, warnings=(Violation(field="rules.yaml:3:4", description="is not there"),))
    (warning,) = rules.format_revision(warned).warnings
    assert (warning.place, warning.description) == ("rules.yaml:3:4", "is not there")


def test_texts_at_their_limits_are_taken() -> None:
    request = messages.create_revision("x" * 262_144)
    request.comment = "x" * 1_024
    rules.parse_create_revision(request)


def test_a_revision_is_activated_by_name() -> None:
    command = rules.parse_activate(messages.activate("ruleSets/a b/revisions/12"))
    assert (command.rule_set_id, command.revision, command.key.method) == ("a b", 12, "ActivateRuleSet")


NAMES_REFUSED = [
    "",
    "main",
    "ruleSets/",
    "ruleSets/main/revisions/",
    "ruleSets/main/revisions/0",
    "ruleSets/main/revisions/01",
    "ruleSets/main/revisions/-1",
    "ruleSets/main/revisions/x",
    "ruleSets/main/revisions/1/",
    "ruleSets/main/revisions/9999999999999999999",
    "ruleSets//revisions/1",
    "rulesets/main/revisions/1",
    "ruleSets/" + "x" * 129 + "/revisions/1",
    "ruleSets/a\0/revisions/1",
    "ruleSets/main/revisions/١",
]


@pytest.mark.parametrize("name", [*NAMES_REFUSED, "ruleSets/main"])
def test_only_full_names_are_activated(name: str) -> None:
    assert list(faults_of(lambda: rules.parse_activate(messages.activate(name)))) == ["name"]


def test_the_newest_or_one_revision_is_read() -> None:
    assert rules.parse_get_rule_set(messages.get_rule_set("ruleSets/main")) == ("main", None)
    assert rules.parse_get_rule_set(messages.get_rule_set("ruleSets/main/revisions/2")) == ("main", 2)


@pytest.mark.parametrize("name", NAMES_REFUSED)
def test_other_names_are_not_read(name: str) -> None:
    assert list(faults_of(lambda: rules.parse_get_rule_set(messages.get_rule_set(name)))) == ["name"]


def test_revisions_are_listed_by_page() -> None:
    assert rules.parse_list_rule_sets(messages.list_rule_sets()) == (10, "")


def test_bad_pages_are_refused() -> None:
    request = messages.list_rule_sets()
    request.page_size = -1
    assert list(faults_of(lambda: rules.parse_list_rule_sets(request))) == ["page_size"]


def test_a_revision_is_told_whole() -> None:
    message = rules.format_revision(REVISION)
    assert (message.name, message.rule_set_id, message.revision) == ("ruleSets/main/revisions/3", "main", 3)
    assert (message.yaml, message.comment, message.active) == ("rule_set: main\n", "a\ncomment", True)
    assert message.created_at.ToJsonString() == "2026-11-23T08:00:00Z"


def test_a_validated_revision_has_no_name() -> None:
    message = rules.format_revision(replace(REVISION, revision=0, active=False))
    assert (message.name, message.revision, message.rule_set_id) == ("", 0, "main")


def test_lists_leave_the_text_out() -> None:
    response = rules.format_rule_sets([REVISION, REVISION], "next")
    assert [revision.yaml for revision in response.rule_set_revisions] == ["", ""]
    assert response.rule_set_revisions[0].comment == "a\ncomment"
    assert response.next_page_token == "next"
