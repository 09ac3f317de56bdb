"""What clerks look through: one line for each document, however many copies; people by name; the trail by person."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from issuer.database.register import SqlRegister
from issuer.database.tables import people_names
from issuer.records import AuditLine, CredentialState, OfferRecord
from issuer.register import Person
from issuer.session.stages import CONVERSATION
from protocol.encoding import JsonObject
from runtime.api_keys import ApiKey
from runtime.conversation import Begin, Change, Event, SessionKey
from tests.issuer.database.later import LATER
from tests.issuer.session.samples import ISSUING, OFFERED, credential
from tests.support.pki import NOW

REVOKED, SUSPENDED, VALID = CredentialState.REVOKED, CredentialState.SUSPENDED, CredentialState.VALID


def keep(store, *records, stage=ISSUING, key="one", events=()):
    change = Change(stage, keys=(SessionKey.of(CONVERSATION, key),), records=records, events=tuple(events))
    store.commit([Begin(change, NOW + 1000)])


def copy(credential_id, index, *, session="o", at=NOW, state=VALID, subject="anna", kind="member"):
    return replace(
        credential(credential_id, index),
        session_id=session,
        issued_at=at,
        state=state,
        subject=subject,
        configuration_id=kind,
    )


def test_copies_are_one_document_that_is_known_by_each_of_them(store):
    keep(store, copy("a1", 1), copy("a2", 2), copy("b1", 3, kind="badge"))
    assert [(d.id, d.configuration_id) for d in store.documents(limit=9)] == [("b1", "badge"), ("a2", "member")]
    assert store.document("a1") == store.document("a2") == store.documents(limit=9)[1]
    assert store.document("none") is None


def test_a_document_that_was_renewed_stands_for_its_newest_copies(store):
    """Replaced copies are revoked on their own; the document is not, even if both are of the same second."""
    keep(store, copy("z-old", 1, state=REVOKED), copy("a-new", 2), copy("mid", 3, at=NOW - 50, state=REVOKED))
    [document] = store.documents(limit=9)
    assert (document.id, document.state, document.since) == ("a-new", VALID, NOW - 50)
    store.change_state("a-new", REVOKED, actor="clerk", now=NOW)
    assert store.document("a-new").state is REVOKED


@pytest.mark.parametrize("subject", [None, "anna"])
def test_documents_come_newest_first_page_by_page(store, subject):
    copies = [copy(f"c{n}", n, session=f"s{n}", at=NOW + n // 2) for n in range(7)]
    keep(store, *copies, copy("other", 99, session="x", subject="bodo", at=NOW - 1))
    seen, before = [], None
    while page := store.documents(limit=3, subject=subject, before=before):
        seen += [document.id for document in page]
        before = page[-1].id
    expected = ["c6", "c5", "c4", "c3", "c2", "c1", "c0"] + (["other"] if subject is None else [])
    assert seen == expected
    assert store.documents(limit=3, before="none") == ()


def test_a_type_without_status_says_so(store):
    keep(store, replace(copy("a1", 1), status_list=""), copy("b1", 2, session="p"))
    assert [(d.id, d.has_status) for d in store.documents(limit=9)] == [("b1", True), ("a1", False)]


def test_the_trail_of_a_person_has_their_offers_and_documents_and_nobody_else_s(store):
    """T243"""
    keep(store, OfferRecord("offer", "anna", NOW), stage=OFFERED, key="offer", events=[Event("offer made", "offer")])
    keep(store, OfferRecord("theirs", "bodo", NOW), stage=OFFERED, key="theirs", events=[Event("offer made", "theirs")])
    keep(store, copy("a1", 1), events=[Event("credential issued", "o")])
    store.note(Event("values shown", "anna", actor="Frau Berg", detail="member"))
    store.change_state("a1", SUSPENDED, actor="Frau Berg", now=NOW, reason="lost: tram")
    found = store.audit(limit=9, subject="anna")
    assert [line.action for line in found] == [
        "credential suspended", "values shown", "credential issued", "offer made",
    ]  # fmt: skip
    assert found[0] == AuditLine(found[0].id, NOW, "credential suspended", "a1", "Frau Berg", "lost: tram")
    assert [line.subject for line in store.audit(limit=9, subject="bodo")] == ["theirs"]
    assert store.audit(limit=9, before=found[1].id) == store.audit(limit=9)[2:]
    assert len(store.audit(limit=2)) == 2


def test_a_change_that_changes_nothing_is_no_line_of_the_trail(store):
    keep(store, copy("a1", 1))
    for _ in range(2):
        store.change_state("a1", SUSPENDED, actor="clerk", now=NOW, reason="asked")
    assert [line.detail for line in store.audit(limit=9)] == ["asked"]


def test_a_document_knows_who_brought_it_to_its_state_whichever_copy_was_named(store):
    """T243"""
    keep(store, copy("a1", 1), copy("a2", 2), copy("b1", 3, session="p"), copy("c1", 4, kind="badge"))
    assert store.last_change(store.document("a1")) is None
    for name, state, reason in (("a1", SUSPENDED, "lost"), ("b1", SUSPENDED, "asked"), ("c1", SUSPENDED, "checking")):
        store.change_state(name, state, actor="Frau Berg", now=NOW, reason=reason)
    for name in ("a1", "a2"):
        assert store.last_change(store.document(name)).detail == "lost"
    store.change_state("a2", VALID, actor="Herr Tal", now=NOW + 5, reason="mistake")
    line = store.last_change(store.document("a1"))
    assert (line.at, line.actor, line.detail) == (NOW + 5, "Herr Tal", "mistake")
    store.change_state("a1", SUSPENDED, actor="Frau Berg", now=NOW + 9, reason="checking")
    assert store.last_change(store.document("a2")).detail == "checking"


def test_offers_to_a_person_are_listed_newest_first(store):
    for number in range(3):
        keep(store, OfferRecord(f"o{number}", "anna", NOW + number), stage=OFFERED, key=f"o{number}")
    assert [offer.id for offer in store.offers_to("anna", since=NOW + 1, limit=9)] == ["o2", "o1"]
    assert [offer.id for offer in store.offers_to("anna", since=0, limit=1)] == ["o2"]
    assert store.offers_to("bodo", since=0, limit=9) == ()


def test_codes_of_clerks_and_keys_of_programs_are_kept_apart(store):
    """T230"""
    store.clerk_codes.put(ApiKey("a", "Frau Berg", NOW))
    assert store.api_keys.find("a") is None
    assert store.api_keys.revoke("Frau Berg") == 0
    assert store.clerk_codes.find("a") == ApiKey("a", "Frau Berg", NOW)
    assert store.clerk_codes.revoke("Frau Berg") == 1
    assert store.clerk_codes.find("a") is None


PEOPLE: dict[str, JsonObject] = {
    "m-1": {"given_name": "Jörg", "family_name": "Öztürk", "birthdate": "1990-01-01"},
    "m-2": {"given_name": "Anna", "family_name": "Weiß"},
    "m-3": {"given_name": "Anna_Maria", "family_name": "100%"},
    "m-4": {"given_name": 7},
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("öztürk", ["m-1"]),
        ("ÖZTÜRK jörg", ["m-1"]),
        ("o\u0308ztu\u0308rk", ["m-1"]),
        ("WEISS", ["m-2"]),
        ("anna", ["m-2", "m-3"]),
        ("anna maria", ["m-3"]),
        ("a_m", ["m-3"]),
        ("%", ["m-3"]),
        ("_", ["m-3"]),
        (" m-4 ", ["m-4"]),
        ("m-", []),
        ("", []),
        ("  ", []),
        ("' or 1=1 --", []),
        ("1990", []),
    ],
)
def test_people_are_found_by_every_word_of_a_name_or_by_their_id(store, text, found):
    register = SqlRegister(store.database)
    register.put(PEOPLE)
    assert sorted(person.subject for person in register.find(text, 20)) == found
    assert len(register.find(text, 1)) == min(1, len(found))


def test_a_person_who_is_found_is_told_apart_by_name_and_day_of_birth(store):
    register = SqlRegister(store.database)
    register.put(PEOPLE)
    assert register.find("jörg", 1) == (Person("m-1", "Jörg Öztürk", "1990-01-01"),)
    assert register.find("m-4", 1) == (Person("m-4", "", ""),)
    register.put({"m-1": {"given_name": "Jana"}})
    assert (register.find("jörg", 1), register.find("jana", 1)) == ((), (Person("m-1", "Jana", ""),))
    register.remove("m-1")
    assert register.find("jana", 1) == ()


def test_people_who_were_in_the_register_before_are_found_after_the_migration(store):
    register = SqlRegister(store.database)
    register.put(PEOPLE)
    schema = "" if store.database.is_sqlite else "issuer."

    def back(connection):
        for table in LATER:
            connection.execute(sa.text(f"DROP TABLE {schema}{table}"))
        for index in ("credentials_by_time", "letter_codes_by_subject", "credentials_by_revocation"):
            connection.execute(sa.text(f"DROP INDEX {schema}{index}"))
        for column in ("said", "revoke_at"):
            connection.execute(sa.text(f"ALTER TABLE {schema}credentials DROP COLUMN {column}"))
        connection.execute(sa.text(f"UPDATE {schema}alembic_version SET version_num = '0002'"))

    store.database.write(back)
    store.migrate()
    assert [person.subject for person in register.find("weiss", 9)] == ["m-2"]
    with store.database.reading() as connection:
        assert len(connection.execute(sa.select(people_names)).all()) == len(PEOPLE)
