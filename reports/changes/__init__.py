"""What release notes say that changed, as data; and which finding of a run shows each of it.

One TOML file for each version that brought changes, `redis-7.0.toml`; `shown/` holds what runs of pairs found.
`python -m reports changes RUN` compares a run with them, `python -m reports.changes` prints docs/changes.md.
"""
