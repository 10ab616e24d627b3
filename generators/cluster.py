"""What a cluster of one node is called by: the ids that programs name and servers are started with.

Both engines get the same ids, so that what they say of themselves is equal to the byte. The peer is a node that the
cluster has heard of and that does not exist: slots can be moved to it, and nobody is ever there to ask.
"""

from __future__ import annotations

MYSELF = "a" * 40  # the node that runs
PEER = "b" * 40  # a primary without slots
STRANGER = "f" * 40  # an id that no node has
SLOTS = 16384
