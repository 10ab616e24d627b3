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

# What is sent of those, beside too few words and too many: nothing that can be carried out, or does anything.
MISTAKES: dict[str, tuple[str, ...]] = {
    "SHUTDOWN": tuple(
        f"SHUTDOWN {word} nosuch" for word in ("NOSAVE", "SAVE", "NOW", "FORCE", "ABORT", "SAFE", "FAILOVER")
    ),
    "FAILOVER": (
        "FAILOVER ABORT",
        "FAILOVER nosuch",
        "FAILOVER TO 127.0.0.1 a",
        "FAILOVER TO 127.0.0.1 1 FORCE TIMEOUT a",
        "FAILOVER TIMEOUT a",
    ),
    "BGSAVE": ("BGSAVE CANCEL", "BGSAVE nosuch", "BGSAVE SCHEDULE nosuch", "BGSAVE CANCEL nosuch"),
    "REPLICAOF": ("REPLICAOF NO ONE", "REPLICAOF no one", "REPLICAOF 127.0.0.1 a"),
    "SLAVEOF": ("SLAVEOF NO ONE", "SLAVEOF 127.0.0.1 a"),
    "REPLCONF": (
        "REPLCONF nosuch a",
        "REPLCONF listening-port",
        *(
            f"REPLCONF {option} nosuch"
            for option in (
                *("listening-port", "version", "rdb-only", "rdb-filter-only", "rdb-channel"),
                *("main-ch-client-id", "set-rdb-client-id", "set-cluster-node-id"),
            )
        ),
    ),
    "MIGRATE": (
        "MIGRATE 127.0.0.1 1 k 0 a",
        "MIGRATE 127.0.0.1 1 k a 1",
        'MIGRATE 127.0.0.1 1 "" 0 a COPY REPLACE KEYS k k2',
        "MIGRATE 127.0.0.1 1 k 0 a AUTH",
        "MIGRATE 127.0.0.1 1 k 0 a AUTH a",
        "MIGRATE 127.0.0.1 1 k 0 a AUTH2 a",
        "MIGRATE 127.0.0.1 1 k 0 a AUTH2 a b",
        "MIGRATE 127.0.0.1 1 k 0 a KEYS k",
        "MIGRATE 127.0.0.1 1 k 0 a nosuch",
    ),
    "CLIENT KILL": (
        "CLIENT KILL nosuch",
        "CLIENT KILL 127.0.0.1:1",
        "CLIENT KILL ID 999999",
        "CLIENT KILL ID 0",
        "CLIENT KILL ID a",
        "CLIENT KILL ID 999999 nosuch a",
        "CLIENT KILL USER nosuch ID 999999",
        "CLIENT KILL USER default ID 999999",
        *(
            f"CLIENT KILL {filtered} ID 999999"
            for filtered in (
                *("ADDR 127.0.0.1:1", "LADDR 127.0.0.1:1", "MAXAGE 999999", "MAXAGE a", "MAXAGE -1"),
                *(
                    f"TYPE {kind}"
                    for kind in ("NORMAL", "MASTER", "PRIMARY", "SLAVE", "REPLICA", "PUBSUB", "nosuch")
                ),
                *(
                    "SKIPME YES",
                    "SKIPME NO",
                    "SKIPME nosuch",
                    "NAME a",
                    "IDLE 1",
                    "FLAGS N",
                    "LIB-NAME a",
                    "LIB-VER 1",
                ),
                *(
                    "DB 0",
                    "CAPA r",
                    "IP 127.0.0.9",
                    "NOT-ADDR a",
                    "NOT-LADDR a",
                    "NOT-USER default",
                    "NOT-FLAGS N",
                ),
                *(
                    f"NOT-TYPE {kind}"
                    for kind in ("NORMAL", "MASTER", "PRIMARY", "SLAVE", "REPLICA", "PUBSUB")
                ),
                *(
                    "NOT-ID 1",
                    "NOT-NAME a",
                    "NOT-LIB-NAME a",
                    "NOT-LIB-VER a",
                    "NOT-DB 0",
                    "NOT-CAPA r",
                    "NOT-IP a",
                ),
            )
        ),
    ),
    "CLIENT PAUSE": (
        "CLIENT PAUSE a",
        "CLIENT PAUSE -1",
        "CLIENT PAUSE a ALL",
        "CLIENT PAUSE a WRITE",
        "CLIENT PAUSE 0 x",
    ),
    "CLIENT REPLY": (
        "CLIENT REPLY nosuch",
        "CLIENT REPLY ON",
        "CLIENT REPLY OFF nosuch",
        "CLIENT REPLY SKIP nosuch",
    ),
    "CONFIG SET": (
        "CONFIG SET nosuch 1",
        "CONFIG SET maxmemory",
        "CONFIG SET maxmemory a",
        "CONFIG SET databases 1",
    ),
    "ACL SETUSER": (
        "ACL SETUSER nosuch nosuch",
        "ACL SETUSER default +nosuch",
        "ACL SETUSER default +@nosuch",
    ),
    "ACL DELUSER": ("ACL DELUSER nosuch", "ACL DELUSER default"),
    "ACL LOAD": ("ACL LOAD",),
    "ACL SAVE": ("ACL SAVE",),
    "MODULE LOAD": ("MODULE LOAD /nosuch",),
    "MODULE LOADEX": ("MODULE LOADEX /nosuch CONFIG a b ARGS c", "MODULE LOADEX /nosuch nosuch"),
    "MODULE UNLOAD": ("MODULE UNLOAD nosuch",),
    "SCRIPT DEBUG": (
        "SCRIPT DEBUG nosuch",
        "SCRIPT DEBUG NO",
        "SCRIPT DEBUG YES x y",
        "SCRIPT DEBUG SYNC x y",
    ),
    "SCRIPT KILL": ("SCRIPT KILL",),
    "FUNCTION KILL": ("FUNCTION KILL",),
    "PFDEBUG": ("PFDEBUG nosuch k",),
    "TRIMSLOTS": ("TRIMSLOTS RANGES a", "TRIMSLOTS RANGES 1 a b"),
}

# One protocol only, and which.
_PUSHES = "in RESP3 servers push what was changed in between replies"
PROTOCOLS = {"CLIENT TRACKING": (2, _PUSHES), "CLIENT CACHING": (2, _PUSHES)}


def is_barred(name: str) -> bool:
    """Whether this command (`OBJECT ENCODING`) is not sent at all."""
    return name in BARRED or name.partition(" ")[0] in BARRED


def only_mistaken(name: str) -> bool:
    """Whether only calls are sent that no server can carry out."""
    return name in ONLY_MISTAKEN or name.partition(" ")[0] in ONLY_MISTAKEN


def why_not(name: str) -> str:
    """The reason, or nothing where the command is sent as it should be."""
    head = name.partition(" ")[0]
    return BARRED.get(name) or BARRED.get(head) or ONLY_MISTAKEN.get(name) or ONLY_MISTAKEN.get(head) or ""


def protocols(name: str) -> tuple[int, ...]:
    """The protocols in which it is sent."""
    return (PROTOCOLS[name][0],) if name in PROTOCOLS else (2, 3)
