"""Commands that are not sent, or only with mistakes in them: each with the reason why."""

from __future__ import annotations

# Not even a call with a mistake is safe, or worth anything.
BARRED = {
    "MONITOR": "every later command of both servers would be a reply; it takes no argument to be wrong in",
    "SYNC": "turns the connection into a replica's",
    "PSYNC": "turns the connection into a replica's",
    "POST": "closes the connection: what stops a browser that was made to talk to a server (6.x lists it)",
    "HOST:": "the same",
    "QUIT": "closes the connection",
    "SENTINEL": "Sentinel is not compared",
}

# A call that is carried out would end or change the server, the connection, or what other programs see.
ONLY_MISTAKEN = {
    "SHUTDOWN": "ends the server",
    "DEBUG": "RELOAD, SLEEP, SEGFAULT and their kin harm the server; its sub-commands are meant for its own tests",
    "FAILOVER": "needs a replica",
    "REPLICAOF": "makes the server a replica, and asks for a primary's address",
    "SLAVEOF": "makes the server a replica, and asks for a primary's address",
    "MIGRATE": "connects to another server",
    "REPLCONF": "speaks for a replica",
    "BGSAVE": "forks, and writes a file while later programs run",
    "BGREWRITEAOF": "forks, and writes a file while later programs run",
    "SAVE": "writes a file",
    "RESTORE-ASKING": "belongs to the cluster's own traffic",
    "PFSELFTEST": "takes seconds",
    "PFDEBUG": "meant for the server's own tests",
    "TRIMSLOTS": "belongs to the cluster's own traffic",
    "SUBSCRIBE": "takes the connection out of request and reply",
    "PSUBSCRIBE": "takes the connection out of request and reply",
    "SSUBSCRIBE": "takes the connection out of request and reply",
    "CLIENT KILL": "would end the connections that compare",
    "CLIENT PAUSE": "makes later programs wait",
    "CLIENT REPLY": "later commands get no reply",
    "CONFIG SET": "changes what later programs see",
    "CONFIG REWRITE": "needs a configuration file",
    "CONFIG RESETSTAT": "ends the counters that other suites read",
    "ACL LOAD": "needs a file",
    "ACL SAVE": "needs a file",
    "ACL SETUSER": "changes who may do what in later programs",
    "ACL DELUSER": "changes who may do what in later programs",
    "MODULE LOAD": "needs a module",
    "MODULE LOADEX": "needs a module",
    "MODULE UNLOAD": "needs a module",
    "SCRIPT DEBUG": "makes later scripts wait for a debugger",
    "SCRIPT KILL": "there is no script that runs",
    "FUNCTION KILL": "there is no function that runs",
    "MEMORY PURGE": "depends on the allocator that a build has",
    "MEMORY MALLOC-STATS": "depends on the allocator that a build has",
    "MEMORY DOCTOR": "depends on how long the server has run",
}

# One protocol only, and which.
PROTOCOLS = {"CLIENT TRACKING": (2, "in RESP3 servers push what was changed in between replies")}


def is_barred(name: str) -> bool:
    """Whether this command (`OBJECT ENCODING`) is not sent at all."""
    return name in BARRED or name.split(" ")[0] in BARRED


def only_mistaken(name: str) -> bool:
    """Whether only calls are sent that no server can carry out."""
    return name in ONLY_MISTAKEN or name.split(" ")[0] in ONLY_MISTAKEN


def why_not(name: str) -> str:
    """The reason, or nothing where the command is sent as it should be."""
    head = name.split(" ")[0]
    return BARRED.get(name) or BARRED.get(head) or ONLY_MISTAKEN.get(name) or ONLY_MISTAKEN.get(head) or ""


def protocols(name: str) -> tuple[int, ...]:
    """The protocols in which it is sent."""
    return (PROTOCOLS[name][0],) if name in PROTOCOLS else (2, 3)
