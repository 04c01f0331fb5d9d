"""rules.proto beside the rule set use cases."""

import re
from collections.abc import Sequence
from typing import Final

from sourcier.domain.limits import COMMENT_BYTES_MAX, RULE_SET_BYTES_MAX
from sourcier.rpc.fields import Check, fill_instant
from sourcier.rpc.translate_common import fill_warnings, request_key
from sourcier.service.commands import ActivateRuleSet, CreateRuleSetRevision, RuleSetRevision
from sourcier.v1 import rules_pb2 as pb

_NAME: Final = re.compile(r"ruleSets/([^/]+)(?:/revisions/([1-9][0-9]{0,17}))?")


def parse_create_revision(request: pb.CreateRuleSetRevisionRequest) -> CreateRuleSetRevision:
    """The command in a request; raises FIELD_INVALID with every fault."""
    check = Check()
    command = CreateRuleSetRevision(
        key=request_key(check, "CreateRuleSetRevision", request, request.request_id),
        rule_set_id=check.segment("rule_set_id", request.rule_set_id),
        yaml=check.prose("yaml", request.yaml, bytes_max=RULE_SET_BYTES_MAX, required=True),
        comment=check.prose("comment", request.comment, bytes_max=COMMENT_BYTES_MAX),
        validate_only=request.validate_only,
    )
    check.finish()
    return command


def parse_activate(request: pb.ActivateRuleSetRequest) -> ActivateRuleSet:
    """The command in a request; raises FIELD_INVALID with every fault."""
    check = Check()
    key = request_key(check, "ActivateRuleSet", request, request.request_id)
    rule_set_id, revision = _parse_name(check, request.name, revision_required=True)
    check.finish()
    return ActivateRuleSet(key=key, rule_set_id=rule_set_id, revision=revision or 0)


def parse_get_rule_set(request: pb.GetRuleSetRequest) -> tuple[str, int | None]:
    """The rule set's id and the revision, None for the newest; raises FIELD_INVALID with every fault."""
    check = Check()
    wanted = _parse_name(check, request.name, revision_required=False)
    check.finish()
    return wanted


def _parse_name(check: Check, name: str, *, revision_required: bool) -> tuple[str, int | None]:
    found = _NAME.fullmatch(name)
    if not name:
        check.fault("name", "is required")
    elif found is None or (revision_required and found[2] is None):
        shape = "ruleSets/{id}/revisions/{number}"
        check.fault("name", f"must look like {shape}" + ("" if revision_required else " or ruleSets/{id}"))
    else:
        check.text("name", found[1])
        return found[1], None if found[2] is None else int(found[2])
    return "", None


def parse_list_rule_sets(request: pb.ListRuleSetsRequest) -> tuple[int, str]:
    """Page size and page token; raises FIELD_INVALID with every fault."""
    check = Check()
    page = check.page(request.page_size, request.page_token)
    check.finish()
    return page


def fill_revision(message: pb.RuleSetRevision, revision: RuleSetRevision, *, text: bool = True) -> None:
    """Write a revision, its YAML only when `text`. One that is not stored has no name."""
    message.name = revision.name if revision.revision else ""
    message.rule_set_id = revision.rule_set_id
    message.revision = revision.revision
    message.yaml = revision.yaml if text else ""
    message.comment = revision.comment
    fill_instant(message.created_at, revision.created_at)
    message.active = revision.active
    fill_warnings(message.warnings, revision.warnings)


def format_revision(revision: RuleSetRevision) -> pb.RuleSetRevision:
    """The resource."""
    message = pb.RuleSetRevision()
    fill_revision(message, revision)
    return message


def format_rule_sets(revisions: Sequence[RuleSetRevision], next_page_token: str) -> pb.ListRuleSetsResponse:
    """One page of revisions."""
    response = pb.ListRuleSetsResponse(next_page_token=next_page_token)
    for revision in revisions:
        fill_revision(response.rule_set_revisions.add(), revision, text=False)
    return response
