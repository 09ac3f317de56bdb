"""What is wrong with a partner, as sentences of a complaint, each with the rule that it breaks."""

from __future__ import annotations

from collections.abc import Iterator

from protocol.sovereignty.receipt_check import Absence
from protocol.sovereignty.rights_status import State
from wallet.cockpit_words import CockpitWords
from wallet.disclosure_records import Disclosure
from wallet.policy.asking import UNPROVEN
from wallet.policy.cockpit.complaining import Ground
from wallet.policy.cockpit.disclosed import absence_of
from wallet.policy.cockpit.rights import Overdue, is_overdue, status_of
from wallet.policy.evidence import finding_of
from wallet.policy.showing import plain
from wallet.records import Evidence

OVERDUE, REFUSED, UNBELIEVED, ASKED = "overdue", "refused", "status_not_believed", "asked_without_right"

_UNPROVEN = frozenset(map(finding_of, UNPROVEN))


def grounds_of(disclosure: Disclosure, say: CockpitWords, now: int) -> Iterator[Ground]:
    """Everything that was found about one answer."""
    who = plain(disclosure.sent.name)
    absence = absence_of(disclosure, now)
    if absence is Absence.PROMISED:
        yield Ground(str(absence), say.absence(absence, who), disclosure)
    about = say.about(disclosure)
    for finding in disclosure.receipt.findings if disclosure.receipt is not None else ():
        yield Ground(finding, f"{about.mismatch(who)} {about.receipt_finding(finding)}", disclosure)
    for found in disclosure.usage.findings:
        yield Ground(found.rule, about.finding(found, who), disclosure)
    for asked in disclosure.rights:
        status = status_of(asked)
        if status is not None and is_overdue(asked, now):
            yield Ground(OVERDUE, say.rights.overdue(Overdue(asked, status.due), who), disclosure)
        if status is not None and status.state is State.REFUSED:
            yield Ground(REFUSED, say.rights.of(asked, who), disclosure)
        if asked.problem:
            yield Ground(UNBELIEVED, say.rights.problem(asked.problem, who), disclosure)


def grounds_of_request(evidence: Evidence, say: CockpitWords) -> Iterator[Ground]:
    """That somebody asked for what they may not."""
    who = plain(evidence.asker)
    if evidence.beyond:
        yield Ground(ASKED, say.words("%(who)s asked for more than they registered for.", who=who))
    elif evidence.finding in _UNPROVEN:
        yield Ground(ASKED, say.words("Somebody asked in the name of %(who)s, without a proof that counts.", who=who))
    else:
        yield Ground(ASKED, say.words("%(who)s asked without a registration that counts.", who=who))
