"""Calls to a cockpit, as an issuer answers them: one key opens one receipt, and each proof counts once."""

from dataclasses import replace

import pytest

from capabilities.cockpit.attaching import NewFile
from capabilities.cockpit.records import COLLECTABLE
from protocol.encoding import encode_base64url, sha256
from protocol.errors import Conflict, InvalidDpopProofAtResource, InvalidRequest, NotFound, UseDpopNonceAtResource
from protocol.oauth.dpop import sign_dpop_proof
from protocol.sovereignty.calls import CallPath, call_url
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.signing import hash_text
from protocol.sovereignty.usage_report import UsageRequest
from tests.issuer.service.asking import Citizen
from tests.support.partners import COCKPIT_KEY, OTHER_KEY
from tests.support.pki import seeded_key

STRANGER = seeded_key(7401)


@pytest.fixture
def citizen():
    return Citizen()


@pytest.fixture
def cockpit(citizen):
    return citizen.office.desk.issuer.cockpit


def called(citizen, ask, *path, to=CallPath.RIGHTS, method="GET", key=COCKPIT_KEY):
    """Call; the text that is answered."""
    office = citizen.office
    url = call_url(office.desk.issuer.context.endpoints.cockpit, to, *path)

    def proof(nonce=None):
        jti = encode_base64url(sha256(f"{url} {nonce} {next(NUMBERS)}".encode())[:16])
        return sign_dpop_proof(key, method=method, url=url, jti=jti, issued_at=office.desk.clock.now, nonce=nonce)

    try:
        return office.desk.run(ask(proof()))
    except UseDpopNonceAtResource as error:
        return office.desk.run(ask(proof(error.nonce)))


NUMBERS = iter(range(1_000_000))


def receipt(citizen, cockpit, key=COCKPIT_KEY):
    return called(citizen, lambda proof: cockpit.receipt(proof, None), to=CallPath.RECEIPT, method="POST", key=key)


def test_a_receipt_is_collected_by_its_key_for_some_days_and_by_no_other(citizen, cockpit):
    assert receipt(citizen, cockpit).count(".") == 2
    with pytest.raises(NotFound, match="no such receipt"):
        receipt(citizen, cockpit, STRANGER)
    citizen.office.desk.clock.move(COLLECTABLE - 1)
    assert receipt(citizen, cockpit)
    citizen.office.desk.clock.move(1)
    with pytest.raises(NotFound, match="no such receipt"):
        receipt(citizen, cockpit)


def test_a_claim_that_nobody_was_given_binds_no_key(citizen, cockpit):
    with pytest.raises(NotFound, match="no such receipt"):
        called(
            citizen,
            lambda proof: cockpit.receipt(proof, bytes(32)),
            to=CallPath.RECEIPT,
            method="POST",
            key=STRANGER,
        )


def test_what_was_done_is_told_to_whoever_gave_it_as_long_as_the_log_lasts(citizen, cockpit):
    def usage(key=COCKPIT_KEY):
        ask = UsageRequest(after=-1)
        return called(citizen, lambda proof: cockpit.usage(proof, ask), to=CallPath.USAGE, method="POST", key=key)

    assert usage()
    with pytest.raises(NotFound, match="no such receipt"):
        usage(STRANGER)
    citizen.office.desk.clock.move(citizen.office.receipt.log_until - citizen.office.desk.clock.now - 1)
    assert usage()
    citizen.office.desk.clock.move(1)
    with pytest.raises(NotFound, match="no such receipt"):
        usage()


def test_a_proof_counts_once(citizen, cockpit):
    proofs = []

    def ask(proof):
        proofs.append(proof)
        return cockpit.receipt(proof, None)

    called(citizen, ask, to=CallPath.RECEIPT, method="POST")
    with pytest.raises(InvalidDpopProofAtResource, match="used before"):
        citizen.run(cockpit.receipt(proofs[-1], None))


def test_a_cockpit_that_answers_no_requests_about_rights_has_none(citizen, cockpit):
    asked = citizen.ask(Right.RECTIFICATION)
    without = replace(cockpit, rights=None)
    with pytest.raises(NotFound):
        called(citizen, lambda proof: without.rights_status(proof, asked.id), asked.id)


def test_nobody_hears_of_a_request_that_is_not_theirs(citizen, cockpit):
    citizen.office.issue(OTHER_KEY, subject="bodo")
    asked = citizen.ask(Right.ACCESS)
    for key, id_ in ((OTHER_KEY, asked.id), (STRANGER, asked.id), (COCKPIT_KEY, "nothing")):
        for ask, path in (
            (cockpit.rights_status, ()),
            (cockpit.rights_answer, ("answer",)),
        ):
            with pytest.raises(NotFound):
                called(citizen, lambda proof, ask=ask, id_=id_: ask(proof, id_), id_, *path, key=key)


def test_what_is_handed_out_is_there_once_it_was_handed_out_and_its_files_with_it(citizen, cockpit):
    def answer(id_):
        return called(citizen, lambda proof: cockpit.rights_answer(proof, id_), id_, "answer")

    def file(id_, hash_):
        return called(citizen, lambda proof: cockpit.rights_file(proof, id_, hash_), id_, "files", hash_)

    waiting, done = citizen.ask(Right.RECTIFICATION), citizen.ask(Right.ACCESS)
    assert (waiting.state, done.state) == (State.WORKING, State.DONE)
    assert hash_text(answer(done.id)) == done.answer
    hash_ = encode_base64url(bytes(32))
    for id_ in (waiting.id, done.id):
        with pytest.raises(NotFound):
            file(id_, hash_)
    with pytest.raises(NotFound):
        answer(waiting.id)


def test_what_a_clerk_puts_together_is_nobodys_before_it_is_sent(citizen, cockpit):
    citizen.register.away = True
    asked = citizen.ask(Right.ACCESS)
    citizen.run(citizen.desk.attach(asked.id, NewFile("letter.txt", b"Our letter to you."), actor="Ada"))
    [attached] = citizen.run(citizen.desk.open(asked.id, actor="Ada")).files
    hash_ = attached.hash
    assert citizen.desk.requests.store.file(asked.id, hash_)
    with pytest.raises(NotFound):
        called(citizen, lambda proof: cockpit.rights_file(proof, asked.id, hash_), asked.id, "files", hash_)


def test_one_id_is_of_one_request(citizen):
    asked = citizen.ask(Right.RECTIFICATION, jti="request-0123456789abcdef")
    with pytest.raises(Conflict, match="something else"):
        citizen.ask(Right.RESTRICTION, jti="request-0123456789abcdef")
    assert citizen.follow(asked).right is Right.RECTIFICATION


def test_a_request_about_another_receipt_or_for_another_address_is_refused(citizen):
    for changes in ({"receipt": "another-0123456789abcd"}, {"audience": "https://other.example/cockpit"}):
        with pytest.raises(InvalidRequest):
            citizen.ask(Right.RECTIFICATION, **changes)


def test_whoever_works_on_what_is_not_there_hears_so(citizen):
    with pytest.raises(NotFound):
        citizen.run(citizen.desk.open("nothing", actor="Ada"))
    with pytest.raises(NotFound):
        citizen.run(citizen.desk.requests.advance("nothing", lambda case, _: case))


def test_a_request_whose_receipt_nobody_knows_any_more_is_not_found(citizen):
    class Forgotten:
        """Receipts that went between two looks."""

        def by_id(self, _id):
            return None

    asked = citizen.ask(Right.RECTIFICATION)
    with pytest.raises(NotFound, match="no such request"):
        citizen.run(replace(citizen.desk, receipts=Forgotten()).open(asked.id, actor="Ada"))
