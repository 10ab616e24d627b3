"""What a server said, with its wire type kept. Two replies are equal only if they are equal on the wire.

`Reply` is a named tuple, not a dataclass: millions are made in a run, and a tuple is made four times as fast.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """The wire types of RESP2 and RESP3, and NONE for a reply that never came."""

    SIMPLE = "simple"  # +
    ERROR = "error"  # -
    INTEGER = "integer"  # :
    BULK = "bulk"  # $
    NULL_BULK = "null-bulk"  # $-1
    NULL_ARRAY = "null-array"  # *-1
    ARRAY = "array"  # *
    NULL = "null"  # _
    BOOLEAN = "boolean"  # #
    DOUBLE = "double"  # ,
    BIG_NUMBER = "big-number"  # (
    BULK_ERROR = "bulk-error"  # !
    VERBATIM = "verbatim"  # =
    MAP = "map"  # %
    SET = "set"  # ~
    PUSH = "push"  # >
    ATTRIBUTE = "attribute"  # | in front of the reply that it describes
    NONE = "none"  # nothing came: value says why ("timeout", "closed", "died", "garbled: …")


class Reply(NamedTuple):
    """One reply. What `value` holds depends on `kind`:

    | kind | value |
    |---|---|
    | SIMPLE, ERROR, BULK, BULK_ERROR | the bytes |
    | VERBATIM | the bytes with their format: `b"txt:..."` |
    | DOUBLE, BIG_NUMBER | the digits as sent: `b"1e+20"` (two spellings of one number differ) |
    | INTEGER | int |
    | BOOLEAN | bool |
    | NULL, NULL_BULK, NULL_ARRAY | None |
    | ARRAY, SET, PUSH | tuple of replies |
    | MAP | tuple of replies: key, value, key, value … in the order sent |
    | ATTRIBUTE | two replies: the MAP of attributes and the reply they belong to |
    | NONE | the reason, as bytes |
    """

    kind: Kind
    value: bytes | int | bool | tuple[Reply, ...] | None
