"""From what each worker wrote to what the run found: equal findings become one, work adds up. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from reports.causes import gathered, linked
from reports.examples import examples_of
from reports.run import AreaCoverage, CommandCoverage, Coverage, Run, Tolerance, Totals, Work
from reports.shares import shares_of
from topologies.cluster import STANDALONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reports.finding import Finding


def merged_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each signature: counts added up, the shortest program kept of those that are certain,
    where some are; sorted by subject.

    A finding that needs more tokens than another of its kind is that one: what differs with `BYLEX LIMIT REV` and
    just so with `BYLEX LIMIT` needs no REV. Which of the two a worker meets first is chance.
    """
    kinds: dict[tuple[str, str, str], dict[frozenset[str], list[Finding]]] = {}
    for finding in findings:
        kind, tokens = _kind(finding)
        kinds.setdefault(kind, {}).setdefault(tokens, []).append(finding)
    groups = [same for by_tokens in kinds.values() for same in _by_simplest(by_tokens)]
    merged = [_merged(same) for same in groups]
    finals = {
        finding.id: best.signature for same, best in zip(groups, merged, strict=True) for finding in same
    }
    each_once = sorted(
        gathered(merged, finals), key=lambda finding: (finding.subject, finding.rule, finding.signature)
    )
    return linked(each_once)


def _kind(finding: Finding) -> tuple[tuple[str, str, str], frozenset[str]]:
    """The signature without the tokens behind the subject (`rule | SUBJECT TOKENS | what`), and the tokens."""
    rule, _, rest = finding.signature.partition(" | ")
    named, _, what = rest.partition(" | ")
    subject = finding.subject
    if named != subject and not named.startswith(f"{subject} "):
        return (finding.signature, "", ""), frozenset()
    return (rule, subject, what), frozenset(named.removeprefix(subject).split())


def _by_simplest(by_tokens: dict[frozenset[str], list[Finding]]) -> Iterator[list[Finding]]:
    """The findings of one kind, each with all that need more tokens; the simplest stand first."""
    left = dict(by_tokens)
    for tokens in sorted(by_tokens, key=len):
        if tokens in left:
            same = left.pop(tokens)
            sure = any(finding.certain for finding in same)
            more = [each for each in left if sure and tokens < each]
            yield same + [finding for each in more for finding in left.pop(each)]


def _merged(same: list[Finding]) -> Finding:
    """One of several: the first one's signature, and the shortest program that bears it for certain; on standalone
    servers, where it is seen there, too.
    """
    named = (each for each in same if each.signature == same[0].signature)
    best = min(named, key=lambda each: (not each.certain, each.topology != STANDALONE, *_length(each)))
    evidence = dict(best.evidence)
    for name in ("protocols", "topologies"):
        values = sorted({getattr(finding, _SINGULAR[name]) for finding in same})
        evidence |= {name: values} if len(values) > 1 else {}
    return msgspec.structs.replace(
        best,
        count=sum(finding.count for finding in same),
        evidence=evidence,
        examples=examples_of(best, same),
    )


_SINGULAR = {"protocols": "protocol", "topologies": "topology"}


def _length(finding: Finding) -> tuple[int, int, int]:
    """The fewest lines, then the fewest characters, then the lower protocol."""
    return len(finding.program), sum(map(len, finding.program)), finding.protocol


def coverage_of(work: Iterable[Work], known: Sequence[str] = (), tokens: Sequence[str] = ()) -> Coverage:
    """The areas in alphabetical order, the commands by how often they were sent; `known` and `tokens` are all
    there are.
    """
    work = tuple(work)
    areas: dict[str, AreaCoverage] = {}
    sent: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for piece in work:
        areas[piece.area] = _added(areas.get(piece.area) or AreaCoverage(area=piece.area), piece)
        sent.update(piece.sent)
        errors.update(piece.errors)
    commands = [
        CommandCoverage(command=name, sent=count, errors=errors[name])
        for name, count in sorted(sent.items(), key=lambda item: (-item[1], item[0]))
    ]
    never = tuple(name for name in known if name not in sent)
    return Coverage(
        areas=tuple(areas[name] for name in sorted(areas)),
        commands=tuple(commands),
        never_sent=never,
        shares=shares_of(work, sent, known, tokens),
    )


def _added(area: AreaCoverage, piece: Work) -> AreaCoverage:
    return AreaCoverage(
        area=area.area,
        compared=area.compared + piece.compared,
        programs=area.programs + piece.programs,
        seconds=round(area.seconds + piece.seconds, 3),
        drew=piece.drew or area.drew,
    )


def totals_of(work: Sequence[Work], run: Run) -> dict[str, object]:
    """The fields of `run.json` that add up from the workers' lines: totals, and how often tolerances did.

    Why a tolerance exists stands in `run.json` from the start; one that is counted without being announced
    there shows up with an empty reason rather than not at all.
    """
    counts: Counter[str] = Counter()
    for piece in work:
        counts.update(piece.tolerated)
    reasons = {tolerance.rule: tolerance.why for tolerance in run.tolerances}
    tolerances = tuple(
        Tolerance(rule=rule, why=reasons.get(rule, ""), count=counts[rule])
        for rule in sorted(reasons | counts)
    )
    totals = Totals(
        compared=sum(piece.compared for piece in work),
        programs=sum(piece.programs for piece in work),
        seconds=run.totals.seconds,
        worker_seconds=round(sum(piece.seconds for piece in work), 3),
    )
    return {"totals": totals, "tolerances": tolerances}
