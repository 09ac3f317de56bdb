"""A receipt that lies, with everything running: the wallet says what is wrong, and asks nobody at an address out of it."""

import pytest

from protocol.exchange import HttpResponse
from tests.flows.founding import land
from tests.flows.land import BANK, LIBRARY
from tests.flows.lying import claims_of, lying_receipts

pytestmark = pytest.mark.flow

DAY = 86_400
WRONG = "The receipt of Library does not match what you sent."
NOT_ASKED = "Your wallet does not ask Library about this: the receipt is wrong, and the answers could be too."


@pytest.fixture(scope="module")
def everybody(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        with land(tmp_path_factory.mktemp("land")) as found:
            # Whatever was signed a while ago was signed by somebody who had a certificate then
            found.clock.ahead += 3600
            yield found


@pytest.fixture
def country(everybody):
    """The same land for all tests."""
    yield everybody
    everybody.network.lies.clear()


@pytest.fixture
def erika(country, request):
    with country.citizen(folder=request.node.name) as found:
        found.follow()
        found.receive()
        yield found


def more_claims(says):
    says["claims"]["pid"].insert(0, ["birthdate"])


def fewer_claims(says):
    says["claims"]["pid"].pop()


def other_hash(says):
    [hash_] = says["presentations"]["pid"]
    says["presentations"]["pid"] = ["A" + hash_[1:] if hash_[0] != "A" else "B" + hash_[1:]]


def other_request(says):
    says["request"] = says["presentations"]["pid"][0]


def other_controller(says):
    says["controller"]["identifier"] = "NTRDE-HRB 2"


def other_purpose(says):
    says["purpose"] = {"en": "We may do with it what we like."}


def swapped_key(says):
    says["key"] = says["request"]


def no_key(says):
    del says["key"]
    del says["cockpit_endpoint"]


def another_endpoint(says):
    says["cockpit_endpoint"] = f"{LIBRARY}/cockpit/erika"


def short_log(says):
    says["log_until"] = says["iat"] + 60


def earlier(says):
    says["iat"] -= 600


def other_issuer(says):
    says["iss"] = BANK


LIES = [
    (more_claims, "It names data that you did not send."),
    (fewer_claims, "It leaves out data that you sent."),
    (other_hash, "It is about other documents than you showed."),
    (other_request, "It is about another question than the one that you answered."),
    (other_controller, "It names somebody else as responsible than the register does."),
    (other_purpose, "It names another purpose than the register does."),
    (swapped_key, "It names another key than your wallet sent. Somebody may have put theirs in its place."),
    (no_key, "It leaves out the key that your wallet sent along."),
    (another_endpoint, "It names another address for questions than they told you before."),
    (short_log, "They want to answer your questions for too short a time."),
    (earlier, "It names a time that cannot be right."),
    (other_issuer, "It names somebody else than who asked you."),
]


@pytest.mark.parametrize("way", ["with the answer", "collected"])
@pytest.mark.parametrize(("lie", "sentence"), LIES, ids=[lie.__name__ for lie, _ in LIES])
def test_a_receipt_that_lies_is_said_and_its_address_is_not_called(country, erika, lie, sentence, way):
    lying = lying_receipts(country.library, lie)
    if way == "collected":

        def late(request, response):
            if "/responses/" in request.url:
                return without_receipt(response)
            return lying(request, response)

        country.network.lies["library.example"] = late
    else:
        country.network.lies["library.example"] = lying
    erika.give(country.library)
    calls = len(country.network.seen)
    looked = erika.look()
    asked = [one for one in country.network.seen[calls:] if one.host == "library.example"]
    assert {one.request.url for one in asked} <= {f"{LIBRARY}/cockpit/receipt"}
    assert bool(asked) == (way == "collected")
    assert sentence in erika.receipt_sentences
    assert WRONG in erika.sentences
    assert erika.said_of(looked) == NOT_ASKED
    # What was signed stays as evidence
    assert claims_of(erika.disclosure.receipt.raw.encode())["iss"]


def without_receipt(response):
    return HttpResponse(response.status, response.headers, b"{}")


def test_a_receipt_that_is_true_is_said_to_be(country, erika):
    erika.give(country.library)
    assert erika.receipt_sentences == []
    assert "Library gave you a receipt." in erika.sentences
    assert erika.look().went_well


def test_a_receipt_signed_by_somebody_else_is_none_of_theirs(country, erika):
    """T049"""
    signer = country.bank
    country.network.lies["library.example"] = lying_receipts(country.library, lambda says: None, signer=signer)
    erika.give(country.library)
    assert erika.receipt_sentences == ["It was not signed by whoever asked you."]
    assert erika.said_of(erika.look()) == NOT_ASKED


def test_a_receipt_for_somebody_elses_answer_is_wrong_in_everything(country, erika):
    """One receipt for two citizens: they could be told the same story."""
    with country.citizen(folder="max") as first:
        first.follow()
        first.receive()
        first.give(country.library)
        told = first.disclosure.receipt.raw

        def the_same(request, response):
            if "/responses/" in request.url:
                return HttpResponse(200, response.headers, b'{"receipt":"' + told.encode() + b'"}')
            return response

        country.network.lies["library.example"] = the_same
        erika.give(country.library)
    assert {
        "It names another key than your wallet sent. Somebody may have put theirs in its place.",
        "It is about another question than the one that you answered.",
        "It is about other documents than you showed.",
    } <= set(erika.receipt_sentences)
    assert erika.said_of(erika.look()) == NOT_ASKED


def test_a_receipt_that_was_promised_and_never_came_is_said_after_a_day(country, erika):
    def nothing(request, response):
        if "/responses/" in request.url:
            return without_receipt(response)
        return HttpResponse(404, (), b"") if request.url.endswith("/receipt") else response

    country.network.lies["library.example"] = nothing
    erika.give(country.library)
    erika.look()
    assert "Library promised a receipt and gave none." not in erika.sentences
    country.clock.ahead += DAY + 1
    assert "Library promised a receipt and gave none." in erika.sentences
    # It may still come, and then that is what counts
    country.network.lies.clear()
    erika.follow()
    erika.look()
    assert erika.receipt_sentences == []
    assert "Library promised a receipt and gave none." not in erika.sentences
