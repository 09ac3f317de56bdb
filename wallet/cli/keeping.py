"""`hoheit wallet list`, `show`, `log` and `forget`: what is held, what happened, and making it go away."""

from __future__ import annotations

from protocol.errors import NotFound
from wallet.cli.session import OpenSession
from wallet.policy.cockpit.retention import check_choice
from wallet.policy.document_names import namer_of, renamed
from wallet.records import LogEntry
from wallet.service.keeping import HeldShown


def list_credentials(session: OpenSession, *, check: bool) -> None:
    """Everything held."""
    words, keeping = session.words, session.wallet.keeping
    shown = session.run(keeping.look_up_status()) if check else keeping.credentials()
    damaged, pending = keeping.damaged(), keeping.pending()
    if session.options.as_json:
        session.answer(
            {
                "credentials": [_as_json(item) for item in shown],
                "damaged": list(damaged),
                "pending": [item.id for item in pending],
            }
        )
        return
    if not shown:
        session.say(words("Your wallet is empty."))
    for item in shown:
        session.say(f"{item.id[:8]}  {item.name}", "bold")
        session.say(f"          {words('from %(who)s', who=item.issuer.title)}{_until(session, item)}")
        for caution in item.cautions:
            session.say(f"          ! {words.caution(caution)}")
    for record_id in damaged:
        session.warn(words("Damaged and not usable: %(id)s. The rest of your wallet is fine.", id=record_id))
    if pending:
        session.say(words("Something was begun and not finished. Go on with: hoheit wallet receive"))


def show_credential(session: OpenSession, name: str) -> None:
    """One credential with all its data."""
    words, keeping = session.words, session.wallet.keeping
    item = keeping.shown(keeping.find(name))
    if session.options.as_json:
        claims = [{"path": list(claim.path), "label": claim.label, "value": claim.value} for claim in item.claims]
        session.answer({**_as_json(item), "claims": claims})
        return
    session.say(item.name, "bold")
    session.say(words("from %(who)s", who=item.issuer.title) + _until(session, item))
    session.say(words.trust(item.issuer))
    if item.acts_for:
        session.say(words("With this document you act for %(whom)s.", whom=item.acts_for), "bold")
    session.say(words("Received on %(day)s.", day=words.day(item.received_at)))
    if len(item.forms) > 1:
        session.say(words("This document has several forms. Your wallet takes the one that fits."))
    for form in item.forms:
        unused = words("%(unused)s of %(all)s copies were never shown.", unused=form.unused_copies, all=form.copies)
        session.say(f"{words.form(in_person=form.in_person)}: {unused}" if len(item.forms) > 1 else unused)
    for caution in item.cautions:
        session.say(f"! {words.caution(caution)}")
    session.say()
    for claim in item.claims:
        session.say(f"  {words.claim(claim)}")


def show_log(session: OpenSession) -> None:
    """Everything that happened, oldest first; what was sent and what became of it is one line."""
    words = session.words
    session.run(session.wallet.cockpit.forget_over())
    entries = session.wallet.keeping.log()
    outcomes = {entry.completes: entry.outcome for entry in entries if entry.completes}
    whole = [entry for entry in entries if not entry.completes]
    if session.options.as_json:
        session.answer({"log": [_entry_as_json(entry, outcomes.get(entry.number, entry.outcome)) for entry in whole]})
        return
    if not whole:
        session.say(words("Nothing happened yet."))
    name = namer_of(session.wallet.context.store.credentials(), session.wallet.context.language)
    for entry in [renamed(one, name) for one in whole]:
        session.say(f"{words.time(entry.at)}  {words.entry(entry, outcomes.get(entry.number, entry.outcome))}")
        for credential in entry.credentials:
            if credential.claims:
                session.say(f"                  {credential.name}: {', '.join(credential.claims)}")


def delete_log(session: OpenSession) -> None:
    """Destroy the log."""
    words = session.words
    question = words("Delete the whole log? You will not be able to see any more who got which data.")
    if not _agreed(session, question):
        session.refuse()
    session.run(session.wallet.keeping.clear_log())
    session.answer({"deleted": "log"}, words("The log is deleted."))


def keep_log(session: OpenSession, years: int) -> None:
    """For how long lines of the log are kept from now on; what is older goes now."""
    words, cockpit = session.words, session.wallet.cockpit
    count = len(cockpit.older_than(check_choice(years)))
    question = words("%(count)s lines are older and go now, for ever. Keep the log for so long?", count=count)
    if count and not _agreed(session, question):
        session.refuse()
    gone = session.run(cockpit.choose_keeping(years))
    said = (
        words("Lines go after %(count)s years.", count=years) if years else words("Lines stay until you delete them.")
    )
    session.answer({"keep_years": years, "deleted": gone}, said)


def forget_credential(session: OpenSession, name: str) -> None:
    """Destroy a credential with its keys, damaged or not."""
    words, keeping, several = session.words, session.wallet.keeping, False
    if name in keeping.damaged():
        title, exchange = name, keeping.forget_damaged(name)
    else:
        document = keeping.find(name)
        shown = keeping.shown(document)
        title, exchange, several = shown.name, keeping.forget(document), len(shown.forms) > 1
    if several:
        session.say(words("All its forms go, for the internet and for showing it face to face."))
    question = words("Delete %(name)s for ever? You would have to get it again from its issuer.", name=title)
    if not _agreed(session, question):
        exchange.close()
        session.refuse()
    session.run(exchange)
    session.answer({"deleted": name}, words("%(name)s is deleted.", name=title))


def forget_pending(session: OpenSession, name: str) -> None:
    """Give up something that was begun and not finished."""
    pending = [item for item in session.wallet.keeping.pending() if item.id == name]
    if not pending:
        raise NotFound("nothing of this id was begun")
    session.run(session.wallet.receiving.give_up(pending[0]))
    session.answer({"deleted": name}, session.words("It is given up."))


def _agreed(session: OpenSession, question: str) -> bool:
    if session.yes:
        return True
    words = session.words
    keys = {words("d"): words("Delete"), words("n"): words("Do not delete")}
    return session.choose(question, keys) == words("d")


def _until(session: OpenSession, item: HeldShown) -> str:
    words = session.words
    return "" if not item.expires_at else " · " + words("good until %(day)s", day=words.day(item.expires_at))


def _as_json(item: HeldShown) -> dict[str, object]:
    return {
        "id": item.id,
        "name": item.name,
        "type": item.type,
        "issuer": {
            "name": item.issuer.name,
            "identifier": item.issuer.identifier,
            "trusted_by": item.issuer.trusted_by,
        },
        "received_at": item.received_at,
        "expires_at": item.expires_at or None,
        "copies": sum(form.copies for form in item.forms),
        "unused_copies": sum(form.unused_copies for form in item.forms),
        "forms": [
            {
                "id": form.id,
                "type": form.type,
                "in_person": form.in_person,
                "copies": form.copies,
                "unused_copies": form.unused_copies,
                "state": str(form.state),
            }
            for form in item.forms
        ],
        "cautions": [str(caution) for caution in item.cautions],
    }


def _entry_as_json(entry: LogEntry, outcome: str) -> dict[str, object]:
    return {
        "number": entry.number,
        "at": entry.at,
        "action": "shared" if entry.action == "sharing" else entry.action,
        "party": entry.party,
        "party_id": entry.party_id,
        "trusted_by": entry.trusted_by,
        "in_person": entry.in_person,
        "credentials": [
            {"name": credential.name, "type": credential.type, "claims": list(credential.claims)}
            for credential in entry.credentials
        ],
        "outcome": outcome,
    }
