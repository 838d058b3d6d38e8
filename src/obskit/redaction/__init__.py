"""What may leave the process: values made plain, bounded, and without secrets.

Everything that a host hands to obskit passes through here before it is written or sent: log fields,
span attributes, check details, the locals and headers of an error.
"""

from obskit.redaction.sensitive import MASK, is_sensitive, redact_query, redact_url
from obskit.redaction.texts import CUT, describe, kind_of, message_of, safe_repr, text
from obskit.redaction.values import Plain, leaving, name_of, names_and_values, plain

__all__ = [
    "CUT",
    "MASK",
    "Plain",
    "describe",
    "is_sensitive",
    "kind_of",
    "leaving",
    "message_of",
    "name_of",
    "names_and_values",
    "plain",
    "redact_query",
    "redact_url",
    "safe_repr",
    "text",
]
