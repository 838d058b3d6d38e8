r"""OTLP's protocol buffers, written straight from the SDK's records.

Says what the stock encoder says, byte for byte, and needs no protobuf package. It differs where the
stock encoder gives up:

- A value of a type that OTLP has not is shown by `obskit.redaction.plain`. Stock logs an error and
  drops the attribute.
- A whole number of more than 64 bits becomes text; as the value of a point, a double. Stock drops
  the attribute, and the whole batch with the point.
- A lone surrogate is escaped: `\udc80`. Stock drops the attribute, or the whole batch.
- What holds itself, is deeper than 24 levels, or holds more than 10,000 values is shown by `plain`.
- A key or a name that is no text becomes text.
- A time, an id or a count that its field does not hold is zero or left out, and a point that has
  such a value goes as one without value. Stock refuses the whole batch.
- Where the redaction raises, `[redacted]` leaves. Stock has no redaction.
- Resources and scopes are one group where their bytes are equal; for stock, where they compare
  equal, so that `True` and `1` are one, and no scope and a scope without name are two.

As stock does, it leaves the trace state of links out.

>>> from obskit.export.encoding import Encoder, assemble
>>> assemble([])
b''
"""

from obskit.export.encoding.encoder import Encoder
from obskit.export.encoding.log_records import Line
from obskit.export.encoding.request import Scope, assemble

__all__ = ["Encoder", "Line", "Scope", "assemble"]
