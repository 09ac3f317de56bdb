"""Receipts of documents, and what is written into their logs: by whom, once, and never into somebody else's."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from issuer.database.tables import document_receipts
from issuer.policy import Reason
from issuer.records import CredentialState
from issuer.service.changes import TRY_AGAIN, WRITING
from issuer.usage import OPENED, By
from protocol.errors import NotFound, Unavailable
from protocol.formats import IssuerSigner
from protocol.jws import Jws
from protocol.oid4vci.credential import CredentialRequest, hash_request
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.usage_report import UsageRequest
from runtime.conversation import slow
from tests.support.issuer import ACTOR, TestWallet, make_issuer
from tests.support.partners import COCKPIT_KEY, OTHER_KEY, TOWN, partner
from tests.support.pki import DAY, seeded_key

SERVICE, CLERK, PROGRAM = (
    "Ausstellungsdienst, automatisch",
    "Sachbearbeitung",
    "Programm, über die Schnittstelle",
)


@pytest.fixture
def desk():
    """An issuer with a name in a register."""
    access = partner(TOWN, 7300)
    return make_issuer().with_context(
        access=IssuerSigner(access.signer, access.x5c), privacy_policy="https://agency.example/privacy"
    )


@pytest.fixture
def wallet(desk):
    return TestWallet(desk)


def ask(wallet, tokens, key=COCKPIT_KEY, configuration_id="member", **more):
    """Ask for a document with a cockpit key, as it travels."""
    request = CredentialRequest(configuration_id, None, tuple(wallet.proofs([wallet.new_key()])))
    wire = {**request.to_dict(), **({} if key is None else {"cockpit_key": key.public_key.to_jwk()}), **more}
    dpop = wallet.resource_dpop(tokens)
    issuer = wallet.desk.issuer
    return wire, wallet.desk.run(
        issuer.credentials.issue(CredentialRequest.from_dict(wire), f"DPoP {tokens.access_token}", dpop)
    )


def take(desk, wallet, key=COCKPIT_KEY, configuration_id="member", subject="anna"):
    """A document with its receipt."""
    tokens = wallet.redeem(desk.offer(configuration_id, subject=subject))
    _, answer = ask(wallet, tokens, key, configuration_id)
    wallet.notify(tokens, answer.notification_id, "credential_accepted")
    return tokens, receipt_of(answer)


def receipt_of(answer):
    return Receipt.from_fields(Jws.from_compact(answer.receipt, "receipt").peek_claims("receipt"))


def entries(desk, receipt):
    """What stands in the log of a receipt: action and who."""
    found = desk.store.usage.entries(receipt.id, after=-1, limit=100)
    return [(one.members["action"], one.members["by"]) for one in found]


def whose(desk):
    """Which receipts are known, of whom, and whether they are the latest of their document."""
    columns = document_receipts.c
    with desk.store.database.reading() as connection:
        rows = connection.execute(select(columns.receipt, columns.subject, columns.is_latest)).all()
    return {row.receipt: (row.subject, row.is_latest) for row in rows}


def test_a_receipt_names_the_request_as_it_was_sent_and_is_found_by_its_key(desk, wallet):
    tokens = wallet.redeem(desk.offer("member"))
    wire, answer = ask(wallet, tokens, something="that nobody knows")
    receipt = receipt_of(answer)
    assert receipt.request == hash_request(wire)
    assert receipt.key == COCKPIT_KEY.public_key.thumbprint()
    assert receipt.claims == {"member": (("given_name",), ("points",))}
    assert len(receipt.presentations["member"]) == len(answer.credentials)
    assert desk.store.cockpit.by_key(receipt.key).token == answer.receipt
    assert whose(desk) == {receipt.id: ("anna", 1)}


def test_without_a_key_there_is_no_receipt_and_nothing_is_kept_of_whose_it_is(desk, wallet):
    tokens = wallet.redeem(desk.offer("member"))
    _, answer = ask(wallet, tokens, None)
    assert answer.receipt is None
    assert answer.credentials
    assert whose(desk) == {}


@pytest.mark.parametrize("key", ["none", {"kty": "EC"}, 7, {**OTHER_KEY.public_key.to_jwk(), "d": "AA"}])
def test_a_key_that_is_none_spoils_no_document(desk, wallet, key):
    tokens = wallet.redeem(desk.offer("member"))
    _, answer = ask(wallet, tokens, None, cockpit_key=key)
    assert (answer.receipt, len(answer.credentials)) == (None, 1)


def test_a_key_of_another_receipt_opens_that_one_and_no_other(desk, wallet):
    _, first = take(desk, wallet)
    tokens = wallet.redeem(desk.offer("badge"))
    _, answer = ask(wallet, tokens, configuration_id="badge")
    assert (answer.receipt, len(answer.credentials)) == (None, 1)
    assert desk.store.cockpit.by_key(first.key).id == first.id


def test_what_happens_to_one_person_is_told_to_no_other(desk, wallet):
    _, annas = take(desk, wallet)
    _, bodos = take(desk, wallet, OTHER_KEY, subject="bodo")
    desk.run(desk.issuer.desk.person("anna"))
    assert entries(desk, annas) == [("used", SERVICE), ("viewed", CLERK)]
    assert entries(desk, bodos) == [("used", SERVICE)]


def test_what_happens_to_one_document_is_told_to_no_other(desk, wallet):
    _, member = take(desk, wallet)
    _, badge = take(desk, wallet, OTHER_KEY, "badge")
    one = next(each for each in desk.store.credentials_of("anna") if each.configuration_id == "member")
    desk.run(desk.issuer.status.change(one.id, CredentialState.SUSPENDED, ACTOR))
    desk.run(desk.issuer.status.change(one.id, CredentialState.SUSPENDED, ACTOR))
    assert entries(desk, member) == [("used", SERVICE), ("decided", PROGRAM)]
    assert entries(desk, badge) == [("used", SERVICE)]


def test_a_renewed_document_goes_on_in_the_log_of_its_new_receipt(desk, wallet):
    tokens, old = take(desk, wallet)
    desk.clock.move(1)
    _, answer = ask(wallet, wallet.renew(tokens), OTHER_KEY)
    new = receipt_of(answer)
    assert whose(desk) == {old.id: ("anna", 0), new.id: ("anna", 1)}
    desk.run(desk.issuer.desk.person("anna"))
    assert entries(desk, old) == [("used", SERVICE), ("used", SERVICE)]
    assert entries(desk, new) == [("used", SERVICE), ("viewed", CLERK)]


def test_a_document_that_ends_after_its_grace_is_told_of_once_and_by_the_service(desk, wallet):
    _, receipt = take(desk, wallet)
    desk.run(desk.issuer.changes.patch("anna", {"given_name": "Anne"}, ACTOR, by=By.CLERK))
    changed = [("used", SERVICE), ("corrected", CLERK), ("decided", SERVICE)]
    assert entries(desk, receipt) == changed
    desk.clock.move(15 * DAY)
    desk.run(desk.issuer.changes.look())
    desk.run(desk.issuer.changes.look())
    assert entries(desk, receipt) == [*changed, ("decided", SERVICE)]


def cut_short(monkeypatch, register, *, was_done):
    """The register is away, or takes a change and then its answer is lost."""
    real = {name: getattr(register, name) for name in ("put", "remove")}

    def cut(name):
        def broken(_, what):
            if was_done:
                real[name](what)
            raise Unavailable("the register went away")

        return broken

    for name in real:
        monkeypatch.setattr(type(register), name, cut(name))


@pytest.mark.parametrize("way", ["patch", "put", "remove"])
@pytest.mark.parametrize("was_done", [True, False], ids=["done", "not done"])
def test_a_change_that_was_cut_short_is_logged_if_it_was_done_and_else_not(desk, wallet, monkeypatch, way, was_done):
    """The register may be another database: whether it took the change is found out afterwards, and said once."""
    _, receipt = take(desk, wallet)
    changes, said = desk.issuer.changes, desk.register.read("anna")
    work = {
        "patch": lambda: changes.patch("anna", {"given_name": "Anne"}, ACTOR, by=By.CLERK),
        "put": lambda: changes.put({"anna": {**said, "given_name": "Anne"}}, ACTOR, by=By.CLERK),
        "remove": lambda: changes.remove("anna", ACTOR, by=By.CLERK),
    }[way]
    cut_short(monkeypatch, desk.register, was_done=was_done)
    with pytest.raises(Unavailable):
        desk.run(work())
    assert entries(desk, receipt) == [("used", SERVICE)], "nothing is said before it is known"
    monkeypatch.undo()
    for _ in range(2):
        desk.clock.move(WRITING + TRY_AGAIN)
        desk.run(changes.look())
    told = [one for one in entries(desk, receipt) if one[1] == CLERK]
    assert told == ([("erased" if way == "remove" else "corrected", CLERK)] if was_done else [])


def test_a_notice_of_somebody_else_does_not_end_what_was_begun(desk, wallet, monkeypatch):
    _, receipt = take(desk, wallet)
    cut_short(monkeypatch, desk.register, was_done=True)
    with pytest.raises(Unavailable):
        desk.run(desk.issuer.changes.patch("anna", {"given_name": "Anne"}, ACTOR, by=By.CLERK))
    monkeypatch.undo()
    desk.run(desk.issuer.changes.told(["anna"], ACTOR))
    desk.run(desk.issuer.changes.look())
    assert ("corrected", CLERK) in entries(desk, receipt)


def test_what_was_cut_short_is_measured_by_what_the_register_said_before_all_of_it(desk, wallet, monkeypatch):
    """It was done, and made again by another who died before doing anything."""
    _, receipt = take(desk, wallet)
    for was_done, by in ((True, By.CLERK), (False, By.PROGRAM)):
        cut_short(monkeypatch, desk.register, was_done=was_done)
        with pytest.raises(Unavailable):
            desk.run(desk.issuer.changes.patch("anna", {"given_name": "Anne"}, ACTOR, by=by))
        monkeypatch.undo()
    desk.clock.move(WRITING)
    desk.run(desk.issuer.changes.look())
    assert [one for one in entries(desk, receipt) if one[0] == "corrected"] == [("corrected", CLERK)]


def test_what_is_true_again_is_told_too(desk, wallet):
    _, receipt = take(desk, wallet)
    for name in ("Anne", "Anna", "Anna"):
        desk.clock.move(3600)
        desk.run(desk.issuer.changes.patch("anna", {"given_name": name}, ACTOR))
    assert [action for action, _ in entries(desk, receipt)] == [
        "used", "corrected", "decided", "corrected", "decided", "corrected",
    ]  # fmt: skip


def test_a_change_whose_beginning_could_not_be_kept_is_not_made(desk, wallet, monkeypatch):
    take(desk, wallet)

    class Full(Exception):
        pass

    def fail(*_, **__):
        raise Full

    monkeypatch.setattr("issuer.database.outdated.note_changes", fail)
    with pytest.raises(Full):
        desk.run(desk.issuer.changes.patch("anna", {"given_name": "Anne"}, ACTOR))
    assert desk.register.look("anna")["given_name"] == "Anna"


def test_a_decision_that_could_not_be_logged_is_not_made(desk, wallet, monkeypatch):
    take(desk, wallet)

    class Full(Exception):
        pass

    def fail(*_):
        raise Full

    monkeypatch.setattr(desk.store.usage, "write", fail)
    one = desk.store.credentials_of("anna")[0]
    with pytest.raises(Full):
        desk.run(desk.issuer.status.change(one.id, CredentialState.SUSPENDED, ACTOR))
    assert desk.store.credentials_of("anna")[0].state is CredentialState.VALID


def test_a_change_that_could_not_be_logged_is_not_acknowledged_and_is_logged_later(desk, wallet, monkeypatch):
    _, receipt = take(desk, wallet)

    class Full(Exception):
        pass

    def fail(*_):
        raise Full

    monkeypatch.setattr(desk.store.usage, "write", fail)
    with pytest.raises(Full):
        desk.run(desk.issuer.changes.patch("anna", {"given_name": "Anne"}, ACTOR, by=By.CLERK))
    desk.clock.move(WRITING)
    with pytest.raises(Full):
        desk.run(desk.issuer.changes.look())
    monkeypatch.undo()
    desk.clock.move(TRY_AGAIN)
    desk.run(desk.issuer.changes.look())
    assert [one for one in entries(desk, receipt) if one[1] == CLERK] == [("corrected", CLERK)]


def test_what_was_not_removed_is_not_said_to_be(desk, wallet, monkeypatch):
    _, receipt = take(desk, wallet)

    class Away(Exception):
        pass

    def fail(_):
        raise Away

    with monkeypatch.context() as broken:
        broken.setattr(type(desk.register), "remove", lambda *_: fail(None))
        with pytest.raises(Away):
            desk.run(desk.issuer.changes.remove("anna", ACTOR))
    assert entries(desk, receipt) == [("used", SERVICE)]
    desk.run(desk.issuer.changes.remove("anna", ACTOR))
    assert entries(desk, receipt) == [("used", SERVICE), ("erased", PROGRAM), ("decided", SERVICE)]


def test_whoever_reads_an_empty_search_leaves_no_trace(desk, wallet):
    _, receipt = take(desk, wallet)
    desk.run(desk.issuer.desk.search("nobody of this name"))
    assert entries(desk, receipt) == [("used", SERVICE)]
    desk.run(desk.issuer.desk.search("Anna"))
    assert entries(desk, receipt) == [("used", SERVICE), ("viewed", CLERK)]


def test_a_log_that_is_over_is_gone_with_whose_it_was(desk, wallet):
    _, receipt = take(desk, wallet)
    desk.clock.now = receipt.log_until - 1
    desk.run(desk.issuer.desk.person("anna"))
    assert len(entries(desk, receipt)) == 2
    desk.clock.now = receipt.log_until
    desk.run(desk.issuer.desk.person("anna"))
    assert len(entries(desk, receipt)) == 2
    while desk.sweep():
        pass
    assert (entries(desk, receipt), whose(desk), desk.store.cockpit.by_id(receipt.id)) == ([], {}, None)
    with pytest.raises(NotFound):
        desk.run(desk.issuer.usage.report(receipt.id, UsageRequest()))


def test_the_reason_that_only_the_service_finds_is_its_own(desk, wallet):
    _, receipt = take(desk, wallet)
    one = desk.store.credentials_of("anna")[0]
    desk.run(
        desk.issuer.status.change(
            one.id, CredentialState.REVOKED, "wallet check", str(Reason.WALLET_REVOKED), by=By.SERVICE
        )
    )
    [*_, last] = desk.store.usage.entries(receipt.id, after=-1, limit=100)
    assert last.members["by"] == SERVICE
    assert last.members["why"]["en"] == "The document is not valid any more: the wallet was blocked."


def test_heads_are_public_and_everything_else_needs_the_key(desk, wallet):
    take(desk, wallet)
    desk.run(desk.issuer.usage.append())
    with desk.browser() as browser:
        head = browser.get("/cockpit/head?log=2027")
        assert (head.status_code, head.headers["content-type"]) == (200, "application/jwt")
        assert browser.get("/cockpit/consistency?log=2027&from=0&to=64").status_code == 200
        for path in ("/cockpit/usage", "/cockpit/receipt"):
            assert browser.post(path, json={}).status_code == 401


def test_many_documents_of_one_person_are_all_told(desk, wallet):
    receipts = [take(desk, wallet, seeded_key(7400 + n), "badge")[1] for n in range(4)]
    desk.run(desk.issuer.changes.uses.viewed(("anna",), OPENED))
    assert [entries(desk, one)[-1] for one in receipts] == [("viewed", CLERK)] * 4
    desk.run(slow(lambda: desk.store.log(())))


def test_a_type_says_on_what_ground(desk, wallet):
    kinds = {
        name: replace(kind, handling=replace(kind.handling, legal_basis="contract"))
        for name, kind in desk.issuer.context.types.items()
    }
    other = desk.with_context(types=kinds)
    _, receipt = take(other, TestWallet(other))
    assert receipt.legal_basis == "contract"
