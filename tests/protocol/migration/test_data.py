"""What goes from one wallet to the next: written and read again, in the specification's forms, under caps."""

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import protocol.migration.data as data_module
from protocol.encoding import encode_json
from protocol.errors import Malformed, ProtocolError, TooLarge
from protocol.migration.data import (
    MAX_LISTED,
    MAX_TRANSACTIONS,
    CredentialInfo,
    MigrationData,
    UnboundCredential,
    write_migration,
)
from protocol.migration.transaction import (
    ClaimInfo,
    Deletion,
    Elsewhere,
    Issuance,
    Other,
    Party,
    Presentation,
    Registered,
    Transaction,
)
from tests.support.strategies import json_values

LIBRARY = Party("City library", "https://library.example")
PID = "urn:eudi:pid:1"
AT = 1_750_000_000
SHOWN = Presentation(LIBRARY, (ClaimInfo(PID, ('["name"]',)),), (ClaimInfo(PID, ('["name"]',)),))
INFO = CredentialInfo(PID, "dc+sd-jwt", Party("City", "https://city.example"), "openid-credential-offer://?x", "ID")


def one(what=SHOWN, identifier="a", at=AT, *, completed=True, **own):
    return Transaction(identifier, at, completed, what, own)


def wire(**changes):
    """A presentation as the specification's example has it, with its members beside the others."""
    members = {
        "interactingPartyIdentifier": {"type": "http://data.europa.eu/eudi/id/EUID", "identifier": "PLKRS.0000123456"},
        "interactingPartyType": "ServiceProvider",
        "interactingPartyName": "ABC Services",
        "interactingPartyContact": ["PL", "info@serviceprovider.com"],
        "isIntermediary": "FALSE",
        "registrarURL": "https://www.registrar.pl/registrationinfo/serviceprovider/",
        "purpose": [{"lang": "pl-PL", "content": "…"}],
        "listOfClaimsRequested": [{"credentialIdentifier": "urn:eudi:pid:de:1", "claims": ["name", "address"]}],
        "listOfClaimsPresented": [{"credentialIdentifier": "urn:eudi:pid:de:1", "claims": ["name"]}],
        "transactionIdentifier": "346354209358604",
        "time": "2025-07-29T09:11:20",
        "transactionType": "Presentation",
        "transactionResult": "Completed",
    }
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


def read(transactions, **more):
    """Migration data with these transactions."""
    return MigrationData.from_bytes(encode_json({"transactionLog": transactions, **more}))


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
some = words.filter(bool)
parties = st.builds(Party, words, words, some)
infos = st.lists(st.builds(ClaimInfo, some, st.lists(some, max_size=3).map(tuple)), max_size=3).map(tuple)
types = st.lists(some, max_size=3).map(tuple)
kinds = (
    st.builds(Presentation, parties, infos, infos, words)
    | st.builds(Issuance, parties, types, st.integers(0, 9), st.booleans())
    | st.builds(Deletion, some, parties)
    | st.builds(Other, words)
)
moments = st.integers(0, 250_000_000_000)
transactions = st.builds(Transaction, some, moments, st.booleans(), kinds, st.dictionaries(some, words, max_size=2))
logs = st.lists(transactions, max_size=5, unique_by=lambda found: found.identifier)


@given(
    log=logs,
    credentials=st.lists(st.builds(CredentialInfo, some, some, parties, words, words), max_size=3),
    unbound=st.lists(st.builds(UnboundCredential, some, some, words, words), max_size=3),
    language=st.sampled_from(["de", "en"]),
)
@settings(deadline=None, max_examples=50)
def test_whatever_is_written_is_read_again(log, credentials, unbound, language):
    data = MigrationData(tuple(sorted(log, key=lambda found: found.at)), tuple(credentials), tuple(unbound))
    written = write_migration(data, language)
    assert written.left_out == 0
    assert MigrationData.from_bytes(written.content) == data


@given(json_values)
def test_no_input_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        MigrationData.from_bytes(encode_json(value))
    with contextlib.suppress(ProtocolError):
        read([wire(presentation=value)], listOfCredentials=value)


def test_the_example_of_the_specification_is_read():
    [found] = read([wire()]).transactions
    assert found.identifier == "346354209358604"
    assert found.at == 1_753_780_280
    assert found.completed
    assert found.what.party == Party("ABC Services", "PLKRS.0000123456", "http://data.europa.eu/eudi/id/EUID")
    assert found.what.presented == (ClaimInfo("urn:eudi:pid:de:1", ("name",)),)


def test_the_members_of_a_kind_are_written_in_an_object_of_their_own():
    known = Registered(("DE", "mailto:a@b"), "https://r.example", (("de", "Zweck"),), "https://p.example", "DE", ("x",))
    what = Presentation(LIBRARY, SHOWN.requested, (), "session interrupted", known)
    [written] = json.loads(write_migration(MigrationData((one(what, completed=False),)), "en").content)[
        "transactionLog"
    ]
    assert (written["transactionType"], written["transactionResult"]) == ("Presentation", "NotCompleted")
    assert written["time"] == "2025-06-15T15:06:40"
    inner = written["presentation"]
    assert inner["purpose"] == [{"lang": "de", "content": "Zweck"}]
    assert inner["privacyPolicy"][0]["policyURI"] == "https://p.example"
    assert inner["isIntermediary"] is False
    assert inner["reasonOfNoncompletion"] == "session interrupted"
    # §3.2 has these once at least: what is not known is there, and empty
    assert {"dpaName", "dpaCountry", "dpaContact", "registrarURL", "interactingPartyContact"} <= inner.keys()


def test_what_is_itself_too_large_is_left_out_and_counted():
    """Else nobody could read the rest."""
    log = (one(identifier="a"), one(Other("x" * 3000), identifier="b"), one(identifier="c"))
    documents = (INFO, replace(INFO, type="x" * 3000))
    written = write_migration(MigrationData(log, documents, (UnboundCredential("mso_mdoc", "x" * (2 << 20)),)), "en")
    assert (written.left_out, written.documents_left_out) == (1, 2)
    assert MigrationData.from_bytes(written.content) == MigrationData((log[0], log[2]), (INFO,))


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("PseudonymGeneration", "pseudonymGeneration"),
        ("SigningSealing", "signingSealing"),
        ("DPAReport", "dpaReport"),
        ("Unheard", "unheard"),
    ],
)
def test_kinds_that_no_wallet_here_writes_are_read_by_their_name(kind, member):
    inner = {"interactingPartyName": [{"lang": "fr", "content": "Signer"}]}
    [found] = read([{**wire(interactingPartyName=None), "transactionType": kind, member: inner}]).transactions
    assert isinstance(found.what, Elsewhere)
    assert found.what.kind == kind
    with pytest.raises(ValueError, match="only read"):
        found.to_dict("en")


def test_a_log_alone_is_read_too():
    assert len(MigrationData.from_bytes(encode_json([wire()])).transactions) == 1


def test_the_log_is_in_the_order_of_time_however_it_came():
    later, earlier = (
        wire(transactionIdentifier="b"),
        wire(transactionIdentifier="a", time="2025-07-29T09:11:20+02:00"),
    )
    assert [found.identifier for found in read([later, earlier]).transactions] == ["a", "b"]


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "yesterday"},
        {"time": "0001-01-01T00:00:00"},
        {"time": "1969-12-31T23:59:59"},
        {"time": "0001-01-01T00:00:00+14:00"},
        {"transactionResult": "Perhaps"},
        {"transactionIdentifier": None},
        {"transactionType": None},
        {"listOfClaimsPresented": [{"claims": []}]},
        {"listOfClaimsPresented": ["name"]},
        {"listOfClaimsPresented": [{"credentialIdentifier": "a", "claims": [1]}]},
        {"interactingPartyName": 7},
        {"interactingPartyName": "x" * 3000},
        {"interactingPartyName": "a\0b"},
        {"interactingPartyIdentifier": "x"},
        {"hoheit": []},
    ],
    ids=lambda changes: json.dumps(changes)[:60],
)
def test_a_transaction_of_the_wrong_shape_is_refused(changes):
    with pytest.raises(Malformed):
        read([wire(**changes)])


def test_an_identifier_stands_there_once():
    with pytest.raises(Malformed, match="twice"):
        read([wire(), wire()])


def test_too_much_is_refused_before_it_is_read(monkeypatch):
    with pytest.raises(TooLarge):
        read([0] * (MAX_TRANSACTIONS + 1))
    with pytest.raises(TooLarge):
        read([], listOfCredentials=[0] * (MAX_LISTED + 1))
    monkeypatch.setattr(data_module, "MAX_DATA", 100)
    with pytest.raises(TooLarge):
        read([wire()])


def test_of_a_log_that_is_too_long_the_newest_are_written(monkeypatch):
    log = tuple(one(identifier=f"{number}", at=AT + number) for number in range(9))
    monkeypatch.setattr(data_module, "MAX_TRANSACTIONS", 7)
    written = write_migration(MigrationData(log), "en")
    assert written.left_out == 2
    assert MigrationData.from_bytes(written.content).transactions == log[2:]
    monkeypatch.setattr(data_module, "MAX_DATA", len(written.content) - 1)
    fewer = write_migration(MigrationData(log), "en")
    assert fewer.left_out == 3
    assert MigrationData.from_bytes(fewer.content).transactions == log[3:]


def test_more_documents_than_are_read_are_not_written(monkeypatch):
    for data in (
        MigrationData((), (INFO,) * (MAX_LISTED + 1)),
        MigrationData((), (), (UnboundCredential("dc+sd-jwt", "a~"),) * 1001),
    ):
        with pytest.raises(TooLarge):
            write_migration(data, "en")
    monkeypatch.setattr(data_module, "MAX_DATA", 100)
    with pytest.raises(TooLarge):
        write_migration(MigrationData((), (INFO,)), "en")


def test_a_credential_says_what_it_is_in_the_words_of_a_registration():
    mdoc = CredentialInfo("org.iso.18013.5.1.mDL", "mso_mdoc", Party("", ""), "", "Licence")
    assert INFO.to_dict("en")["meta"] == {"vct_values": [PID]}
    assert INFO.to_dict("en")["issuerType"] == "PIDProvider"
    assert mdoc.to_dict("en")["meta"] == {"doctype_value": "org.iso.18013.5.1.mDL"}
    assert mdoc.to_dict("en")["issuerType"] == "NonQEAAProvider"


def test_what_an_unbound_credential_says_is_not_shown():
    assert "secret" not in repr(UnboundCredential("dc+sd-jwt", "secret"))
