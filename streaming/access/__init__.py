"""How gistream's Python clients reach a Kafka that is secured: their options, their token, and why they are refused."""

from streaming.access.check import check_access
from streaming.access.options import checked_options, client_options

__all__ = ["check_access", "checked_options", "client_options"]
