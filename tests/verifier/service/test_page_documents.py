"""Asking through the browser as ISO/IEC TS 18013-7 annex C has it: one more way, with a nonce and a key of its own."""

from dataclasses import replace

import pytest

from protocol.dcql.query import CredentialMeta, DcqlQuery
from protocol.device_retrieval.page import answer_documents, refuse_documents, verify_documents_request
from protocol.device_retrieval.question import DeviceQuestion
from protocol.errors import InvalidRequest, NotFound
from protocol.mdoc.mso import ValidityInfo
from protocol.mdoc.org_iso_mdoc import EncryptionInfo, seal_device_response
from protocol.oid4vp.answer import RequestPolicy
from protocol.oid4vp.dc_api import PageRequest
from protocol.oid4vp.verify import CheckName
from protocol.trust.carried import Carried, carried_registration
from protocol.trust.registration import RegisteredCredential, sign_registration
from runtime.conversation import Change, SessionKey, advance
from runtime.registrations import OwnRegistration
from runtime.seal import DamagedError
from tests.protocol.device_retrieval.samples import ISSUER, OTHER, Holder, dcql, query
from tests.protocol.mdoc.samples import MDL, SPACE, issued
from tests.protocol.trust.test_registration import LEAST, PROVIDER
from tests.support.pki import NOW
from tests.support.verifier import IDENTIFIER, asked_on_page, run_together
from tests.verifier.service.licences import WALLET, counter_at
from verifier.session import REQUEST, Answered, Declined, Requested, no_request

UNSIGNED, SIGNED, MULTISIGNED = "openid4vp-v1-unsigned", "openid4vp-v1-signed", "openid4vp-v1-multisigned"
DOCUMENTS = "org-iso-mdoc"
BROWSER = "cookie of the browser that began"
NOT_OPEN = "state: belongs to no open request"
CLAIMS = {"licence": [{SPACE: {"family_name": "Mustermann", "age_over_18": True}}]}


@pytest.fixture
def counter(tmp_path):
    made = counter_at(tmp_path)
    yield made
    made.close()


@pytest.fixture
def strict(tmp_path):
    made = counter_at(tmp_path, haip=True)
    yield made
    made.close()


def begun(counter, use_case="drives", **order):
    """A request that was begun on our page."""
    return counter.ask(**{"owner": "", "browser": BROWSER, "use_case": use_case, **order})


def asks(counter, made, browser=BROWSER):
    """What a view of the page asks, by protocol."""
    asked = counter.run(counter.verifier.page_requests.ask(made.id, browser))
    return {one["protocol"]: one for one in asked}


def look(counter, asked, *, origin=IDENTIFIER, policy=None):
    """What a wallet finds of it."""
    request = PageRequest(DOCUMENTS, asked[DOCUMENTS]["data"], origin)
    anchors = counter.wallet_anchors
    return verify_documents_request(request, anchors=anchors, policy=policy or RequestPolicy(), now=counter.clock.now)


def good(counter, asked, wallet=WALLET, **how):
    """The answer of a good wallet."""
    question = look(counter, asked, **how).request
    return answer_documents(question, wallet.present(question))


def hand_over(counter, made, data, *, protocol=DOCUMENTS, browser=BROWSER):
    counter.run(counter.verifier.page_requests.answer(made.id, browser, protocol, data))


def refusal(counter, made, data, **how):
    with pytest.raises(InvalidRequest) as refused:
        hand_over(counter, made, data, **how)
    return refused.value.description


def result(counter, made):
    return counter.run(counter.verifier.answers.result_for_browser(made.id, BROWSER))


def found_wrong(counter, made, data):
    """The check that an answer does not stand; the page shows it, and nothing of the answer."""
    hand_over(counter, made, data)
    found = result(counter, made)
    assert (found.state, found.disclosed) == ("refused", None)
    return next(line.check for line in found.verdict.lines if line.passed is False)


# Asking


def test_what_can_be_asked_of_a_reader_is_asked_as_a_reader_too(counter):
    asked = asks(counter, begun(counter))
    assert list(asked) == [SIGNED, MULTISIGNED, UNSIGNED, DOCUMENTS]
    assert asked[DOCUMENTS]["data"].keys() == {"deviceRequest", "encryptionInfo"}


def test_what_no_reader_can_ask_is_asked_in_the_other_ways_alone(counter):
    assert list(asks(counter, begun(counter, "family-name"))) == [SIGNED, MULTISIGNED, UNSIGNED]


def test_where_a_document_is_one_of_several_ways_it_is_what_is_asked_for(counter):
    made = begun(counter, "either")
    asked = asks(counter, made)
    (document,) = look(counter, asked).request.dcql_query.credentials
    assert document.meta.doctype_value == MDL
    hand_over(counter, made, good(counter, asked))
    assert result(counter, made).disclosed == {"licence": [{SPACE: {"family_name": "Mustermann"}}]}


def test_wallets_know_who_asks_by_the_access_certificate(counter):
    verified = look(counter, asks(counter, begun(counter)))
    assert verified.party.name == "City library"
    signed = asked_on_page(counter, asks(counter, begun(counter))[SIGNED])
    assert verified.request.audience == str(signed.request.client_id)


def test_the_registration_certificate_comes_with_it(tmp_path):
    paths = ((SPACE, "family_name"), (SPACE, "age_over_18"))
    credential = RegisteredCredential("mso_mdoc", CredentialMeta.of_type("mso_mdoc", MDL), paths)
    says = replace(LEAST, credentials=(credential,), expires_at=NOW + 1000)
    own = OwnRegistration("own.jwt", sign_registration(says, PROVIDER.signer, PROVIDER.x5c), says)
    counter = counter_at(tmp_path, registrations=lambda: (own,))
    request = look(counter, asks(counter, begun(counter))).request
    carried = [Carried(info.format, info.data) for info in request.verifier_info]
    assert carried_registration(carried, "request") == own.certificate
    counter.close()


def test_under_haip_it_stays_one_more_way(strict):
    """HAIP 1.0 §5.2 is about OpenID4VP; what it wants is asked as before (docs/decisions/0020)."""
    made = begun(strict)
    asked = asks(strict, made)
    assert list(asked) == [SIGNED, DOCUMENTS]
    hand_over(strict, made, good(strict, asked, policy=RequestPolicy.haip()))
    assert result(strict, made).state == "accepted"


# Answering


def test_a_good_answer_gets_the_verdict_that_it_would_get_by_code(counter):
    made = begun(counter)
    hand_over(counter, made, good(counter, asks(counter, made)))
    found = result(counter, made)
    assert (found.state, found.disclosed) == ("accepted", CLAIMS)
    assert [line.check for line in found.verdict.lines] == [str(name) for name in CheckName]
    assert all(line.passed for line in found.verdict.lines)


def test_it_has_a_nonce_and_a_key_of_its_own_fresh_for_every_view(counter):
    """T191, T192"""
    made = begun(counter)
    infos, keys = [], []
    for _ in range(2):
        asked = asks(counter, made)
        infos.append(EncryptionInfo.from_text(asked[DOCUMENTS]["data"]["encryptionInfo"]))
        keys += [key.key for key in asked_on_page(counter, asked[SIGNED]).request.client_metadata.encryption_keys]
    assert len({info.nonce for info in infos}) == 2
    assert len({*keys, *[info.recipient for info in infos]}) == 4
    page = counter.stage(made).terms.page
    assert page.documents.nonce != page.nonce
    assert page.documents.encryption_key != page.encryption_key


def test_the_latest_view_counts(counter):
    """T191"""
    made = begun(counter)
    first, second = asks(counter, made), asks(counter, made)
    assert refusal(counter, made, good(counter, first)) == "response: cannot be decrypted"
    hand_over(counter, made, good(counter, second))
    assert result(counter, made).state == "accepted"


def stored(counter, made, **changes):
    """What the store holds of the latest view, altered."""

    def step(session):
        terms = session.terms
        return Change(replace(session, terms=replace(terms, page=replace(terms.page, **changes))))

    counter.run(advance(SessionKey.of(REQUEST, made.id), step, no_request()))


def test_sealed_keys_cannot_be_taken_for_each_other(counter):
    """T192"""
    made = begun(counter)
    data = good(counter, asks(counter, made))
    page = counter.stage(made).terms.page
    stored(counter, made, documents=replace(page.documents, encryption_key=page.encryption_key))
    with pytest.raises(DamagedError):
        hand_over(counter, made, data)


@pytest.mark.parametrize("first", [DOCUMENTS, "by OpenID4VP"])
def test_whichever_way_is_answered_first_is_the_only_one(counter, first):
    """T179"""
    made = begun(counter)
    asked = asks(counter, made)
    data = good(counter, asked)
    no = {"error": "access_denied"}
    if first == DOCUMENTS:
        hand_over(counter, made, data)
        assert refusal(counter, made, no, protocol=SIGNED) == NOT_OPEN
        assert isinstance(counter.stage(made), Answered)
    else:
        hand_over(counter, made, no, protocol=SIGNED)
        assert refusal(counter, made, data) == NOT_OPEN
        assert isinstance(counter.stage(made), Declined)


def test_an_answer_counts_once_however_often_it_comes(counter):
    """T179"""
    made = begun(counter)
    data = good(counter, asks(counter, made))

    async def send():
        await counter.driver.run(counter.verifier.page_requests.answer(made.id, BROWSER, DOCUMENTS, data))
        return "accepted"

    outcomes = run_together([send] * 10)
    assert outcomes.count("accepted") == 1
    assert {str(one) for one in outcomes} == {"accepted", NOT_OPEN}


def test_no_secret_of_a_view_stays_after_the_answer(counter):
    """T191, T192"""
    made = begun(counter)
    asked = asks(counter, made)
    nonce = counter.stage(made).terms.page.documents.nonce
    hand_over(counter, made, good(counter, asked))
    assert nonce not in repr(counter.stage(made))


def test_a_wallet_that_says_no_ends_it(counter):
    """T168"""
    made = begun(counter)
    hand_over(counter, made, refuse_documents(look(counter, asks(counter, made)).request))
    assert counter.stage(made) == Declined(counter.stage(made).asked, NOW, "access_denied")


def test_t167_an_answer_for_another_page_leaves_the_request_open(counter):
    """Our question, passed on by another page without our signature, which would not hold there."""
    made = begun(counter)
    asked = asks(counter, made)
    with pytest.raises(InvalidRequest):
        look(counter, asked, origin="https://evil.example")
    handover = EncryptionInfo.from_text(asked[DOCUMENTS]["data"]["encryptionInfo"]).handover("https://evil.example")
    question = DeviceQuestion(look(counter, asked).request.dcql_query, handover)
    data = answer_documents(question, WALLET.present(question))
    assert refusal(counter, made, data) == "response: cannot be decrypted"
    assert isinstance(counter.stage(made), Requested)
    hand_over(counter, made, good(counter, asked))
    assert result(counter, made).state == "accepted"


def test_t059_what_a_holder_signed_for_another_page_is_refused(counter):
    made = begun(counter)
    ours = look(counter, asks(counter, made)).request
    theirs = DeviceQuestion(ours.dcql_query, replace(ours.handover, origin="https://evil.example"))
    stolen = answer_documents(ours, WALLET.present(theirs))
    assert found_wrong(counter, made, stolen) == "holder_bound"


def test_another_holder_is_refused(counter):
    made = begun(counter)
    stranger = Holder((issued(pki=ISSUER, holder_key=counter.access.signer.public_key, status=None),))
    assert found_wrong(counter, made, good(counter, asks(counter, made), stranger)) == "holder_bound"


def test_a_document_that_is_not_good_is_refused_as_by_code(counter):
    """T057"""
    made = begun(counter)
    old = Holder((issued(pki=ISSUER, status=None, validity=ValidityInfo(NOW - 900, NOW - 800, NOW - 30)),))
    data = good(counter, asks(counter, made), old)
    counter.clock.forward(31)
    assert found_wrong(counter, made, data) == "valid_now"


def test_a_status_that_cannot_be_had_is_refused_as_by_code(counter):
    made = begun(counter)
    data = good(counter, asks(counter, made), Holder((issued(pki=ISSUER),)))
    assert found_wrong(counter, made, data) == "status"


def test_t177_another_value_than_was_asked_is_refused(counter):
    """A reader cannot name values; whoever asked knows them all the same."""
    made = begun(counter)
    elements = {SPACE: {"family_name": "Mustermann", "age_over_18": False}}
    young = Holder((issued(pki=ISSUER, elements=elements, status=None),))
    assert found_wrong(counter, made, good(counter, asks(counter, made), young)) == "query_complete"


@pytest.mark.parametrize(
    "data", [None, [], "text", {}, {"response": 5}, {"response": "AAAA"}, {"vp_token": {}}, {"error": "access_denied"}]
)
def test_what_is_no_answer_leaves_the_request_open(counter, data):
    """T176, T180, T181"""
    made = begun(counter)
    asked = asks(counter, made)
    refusal(counter, made, data)
    assert isinstance(counter.stage(made), Requested)
    hand_over(counter, made, good(counter, asked))
    assert result(counter, made).state == "accepted"


def test_t176_a_document_that_was_not_asked_for_leaves_the_request_open(counter):
    made = begun(counter)
    question = look(counter, asks(counter, made)).request
    other = replace(question, dcql_query=dcql(query((SPACE, "family_name"), doc_type=OTHER)))
    vehicle = Holder((issued(pki=ISSUER, doc_type=OTHER, status=None),))
    data = answer_documents(other, vehicle.present(other))
    assert "nobody asked for" in refusal(counter, made, data)
    assert isinstance(counter.stage(made), Requested)


def test_what_answers_in_another_protocol_is_no_answer(counter):
    made = begun(counter)
    data = good(counter, asks(counter, made))
    for protocol in (SIGNED, MULTISIGNED, UNSIGNED):
        assert refusal(counter, made, data, protocol=protocol) == "response: cannot be decrypted"


def test_an_answer_to_what_no_reader_can_ask_is_refused(counter):
    made = begun(counter, "family-name")
    asks(counter, made)
    empty = EncryptionInfo.of(bytes(16), counter.access.signer.public_key).handover(IDENTIFIER)
    assert refusal(counter, made, seal_device_response(b"", empty)) == "protocol: was not asked"


def test_a_view_of_a_program_that_did_not_know_this_way_is_not_answered_in_it(counter):
    made = begun(counter)
    data = good(counter, asks(counter, made))
    stored(counter, made, documents=None)
    assert refusal(counter, made, data) == "protocol: was not asked"


def test_nobody_but_the_browser_that_began_asks_or_answers(counter):
    """T183, T237"""
    made = begun(counter)
    data = good(counter, asks(counter, made))
    for browser in ("", "another browser"):
        with pytest.raises(NotFound):
            asks(counter, made, browser)
        assert refusal(counter, made, data, browser=browser) == NOT_OPEN
    hand_over(counter, made, data)


def test_unknown_and_late_requests_are_refused_alike(counter):
    """T178, T196"""
    made = begun(counter)
    data = good(counter, asks(counter, made))
    counter.clock.forward(300)
    assert refusal(counter, made, data) == NOT_OPEN
    assert refusal(counter, replace(made, id="0" * 32), data) == NOT_OPEN


def test_a_question_that_a_program_gave_by_hand_is_asked_so_too(counter):
    made = begun(counter, None, query=DcqlQuery.from_dict({"credentials": [query((SPACE, "family_name"))]}))
    hand_over(counter, made, good(counter, asks(counter, made)))
    assert result(counter, made).disclosed == {"licence": [{SPACE: {"family_name": "Mustermann"}}]}
