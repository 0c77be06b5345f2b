"""How gistream's Python clients reach a Kafka that is secured: their options, their token, and why they are refused."""

from streaming.access.check import access_problem, check_access
from streaming.access.options import checked_options, client_options
from streaming.access.rights import absent_topic, denied, missing_right, topics_as_text, user_of

__all__ = [
    "absent_topic",
    "access_problem",
    "check_access",
    "checked_options",
    "client_options",
    "denied",
    "missing_right",
    "topics_as_text",
    "user_of",
]
