"""`hoheit wallet receipts`: what partners confirmed, what they hold, what they did, and asking them."""

from __future__ import annotations

import json

from protocol.encoding import JsonObject
from protocol.sovereignty.receipt_27560 import write_27560
from wallet.cli.session import OpenSession
from wallet.cockpit_words import CockpitWords
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.disclosed import absence_of, entries_of, receipt_of
from wallet.policy.cockpit.holding import held_by_partner
from wallet.policy.showing import plain
from wallet.service_words import ServiceWords


def list_receipts(session: OpenSession) -> None:
    """Every answer to a partner with a cockpit, oldest first."""
    disclosures = session.wallet.cockpit.disclosures()
    if session.options.as_json:
        session.answer({"receipts": [_as_json(session, one) for one in disclosures]})
        return
    if not disclosures:
        session.say(session.words("No partner promised you a receipt yet."))
    for disclosure in disclosures:
        session.say(
            f"{disclosure.id[:8]}  {session.words.time(disclosure.sent.at)}  {plain(disclosure.sent.name)}", "bold"
        )
        session.say(f"          {_state(session, disclosure)}")


def show_receipt(session: OpenSession, name: str) -> None:
    """One answer with everything that its partner said."""
    disclosure = session.wallet.cockpit.find(name)
    if session.options.as_json:
        session.answer(_as_json(session, disclosure))
        return
    say, now = _words(session), session.wallet.context.now()
    who, about = plain(disclosure.sent.name), say.about(disclosure)
    session.say(who, "bold")
    session.say(session.words.time(disclosure.sent.at))
    session.say(_state(session, disclosure))
    if disclosure.receipt is not None:
        for finding in disclosure.receipt.findings:
            session.say(f"! {about.receipt_finding(finding)}")
    receipt = receipt_of(disclosure)
    if receipt is not None:
        session.say(f"{session.words('What for')}: {say.text(receipt.purpose)} {say.basis(receipt.legal_basis)}")
        for held in held_by_partner([disclosure], now):
            session.say(say.until(held))
        if disclosure.sent.issued:
            session.say(say.keeps(receipt))
        for recipient in receipt.recipients:
            session.say(session.words("May get it: %(who)s", who=plain(recipient.name)))
    session.say()
    for entry in entries_of(disclosure):
        session.say(f"{session.words.time(entry.use.at)}  {about.use(entry, who)}")
        session.say(f"                  {say.claims_of(entry, disclosure)}")
        session.say(f"                  {say.by(entry)}")
    for news in disclosure.usage.news:
        session.say(f"{session.words.time(news.at)}  {say('%(who)s says: %(what)s', who=who, what=say.news(news))}")
    for found in disclosure.usage.findings:
        session.say(f"! {about.finding(found, who)}")
    advice = say.advice(disclosure)
    if advice:
        session.say(advice)


def export_receipts(session: OpenSession, name: str) -> None:
    """Receipts in the form of ISO/IEC TS 27560, as JSON: those that count, of one answer or of all."""
    cockpit = session.wallet.cockpit
    chosen = [cockpit.find(name)] if name else [*cockpit.disclosures()]
    written: list[JsonObject] = []
    for disclosure in chosen:
        receipt = receipt_of(disclosure)
        if receipt is not None and disclosure.receipt is not None:
            written.append(write_27560(receipt, disclosure.receipt.raw, session.settings.language))
    print(json.dumps(written, ensure_ascii=False, indent=2))


def collect_receipts(session: OpenSession, name: str) -> None:
    """Ask about one answer; without a name about each whose hour it is, so that nobody can match them with each other."""
    cockpit = session.wallet.cockpit
    chosen = [cockpit.find(name)] if name else [one for one in cockpit.disclosures() if cockpit.is_due(one)]
    say = _words(session)
    for disclosure in chosen:
        looked = session.run(cockpit.ask(disclosure) if name else cockpit.collecting.refresh(disclosure))
        problem = say.looked(looked, plain(disclosure.sent.name))
        if problem:
            session.warn(problem)
    published = session.wallet.context.published
    not_taken = ServiceWords(session.words).partners_problem(published.partners_problem) if published else ""
    if not_taken:
        session.warn(not_taken)


def _state(session: OpenSession, disclosure: Disclosure) -> str:
    say, who = _words(session), plain(disclosure.sent.name)
    if disclosure.receipt is not None:
        return say.about(disclosure).receipt_came(disclosure.receipt, who)
    absence = absence_of(disclosure, session.wallet.context.now())
    return say.absence(absence, who) if absence is not None else ""


def _words(session: OpenSession) -> CockpitWords:
    held = session.wallet.context.store.credentials()
    return CockpitWords.of(session.words, session.settings.language, held)


def _as_json(session: OpenSession, disclosure: Disclosure) -> dict[str, object]:
    receipt, kept = receipt_of(disclosure), disclosure.receipt
    absence = absence_of(disclosure, session.wallet.context.now())
    return {
        "id": disclosure.id,
        "sent_at": disclosure.sent.at,
        "partner": disclosure.sent.name,
        "endpoint": disclosure.sent.announced,
        "key": disclosure.thumbprint,
        "key_is_kept": bool(disclosure.key),
        "receipt": kept.raw if kept is not None else None,
        "findings": list(kept.findings) if kept is not None else [],
        "missing": str(absence) if absence is not None else None,
        "log_until": receipt.log_until if receipt is not None else None,
        "usage": [entry.to_dict() for entry in entries_of(disclosure)],
        "usage_findings": [
            {"rule": one.rule, "found_at": one.at, "entries": list(one.entries), "who": one.who}
            for one in disclosure.usage.findings
        ],
        "reports": [report.raw for report in disclosure.usage.reports],
    }
