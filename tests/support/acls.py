"""Rights of Kafka's users: the table of docs/security.md, and granting what stands there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType
from kafka.admin import ACLResourcePatternType as PatternType

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
# | `query` | topic `documents` | Read, DescribeConfigs | why |; a name that ends with * is a prefix.
_ROW = re.compile(r"\| `(\w+)` \| (topic|group|transactional id|cluster)(?: `([^`]+)`)? \| ([A-Z][A-Za-z, ]+) \|")


@dataclass(frozen=True)
class Right:
    """What a user may do with a resource; a name that ends with * is a prefix."""

    user: str
    resource: str
    name: str
    operation: str


def documented_rights() -> list[Right]:
    """Return the rights in the table of docs/security.md, in its order."""
    return [
        Right(user, resource, name or "kafka-cluster", operation)
        for user, resource, name, operations in _ROW.findall(PAGE.read_text())
        for operation in operations.split(", ")
    ]


def grant(admin: KafkaAdminClient, rights: Iterable[Right]) -> None:
    """Give users their rights."""
    acls = [
        ACL(
            f"User:{right.user}",
            "*",
            ACLOperation[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", right.operation).upper()],
            ACLPermissionType.ALLOW,
            ResourcePattern(
                ResourceType[right.resource.upper().replace(" ", "_")],
                right.name.removesuffix("*"),
                PatternType.PREFIXED if right.name.endswith("*") else PatternType.LITERAL,
            ),
        )
        for right in rights
    ]
    if acls:
        admin.create_acls(acls)
