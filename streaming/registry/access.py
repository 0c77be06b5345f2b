"""The address of a schema registry, and the login: what a driver sends to its executors."""

from __future__ import annotations

from dataclasses import dataclass, field

from streaming.settings import Settings

# The formats of records that a registry has the schemas of, as the setting `format` and as the registry call them.
SCHEMA_TYPES = {"avro": "AVRO", "json-schema": "JSON", "protobuf": "PROTOBUF"}


@dataclass(frozen=True)
class RegistryAccess:
    """A registry's URL, the login for it as user:password, and the PEM file of the authority of its certificate."""

    url: str
    login: str | None = field(default=None, repr=False)
    ca: str | None = None


def registry_access(settings: Settings) -> RegistryAccess | None:
    """Return the access to the registry that the format needs; None for a format that needs none."""
    if settings.format not in SCHEMA_TYPES or settings.schema_registry is None:
        return None
    login, ca = settings.schema_registry_login, settings.schema_registry_ca
    return RegistryAccess(settings.schema_registry, login, None if ca is None else str(ca))
