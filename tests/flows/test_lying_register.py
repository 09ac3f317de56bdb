"""A register that lies, or somebody who speaks in its name: what is known stays, and the citizen is told."""

import pytest

from protocol.exchange import HttpResponse
from protocol.sovereignty.catalogue import TYP as CATALOGUE
from protocol.sovereignty.published import sign_published
from protocol.sovereignty.usage import HOUR
from runtime.driver import drive
from runtime.http import NoSender
from tests.flows.founding import land
from tests.flows.land import REGISTER
from tests.flows.lying import claims_of
from tests.flows.test_privacy_traffic import announced, services
from wallet.service.published import PublishedProblem
from wallet.service_words import ServiceWords
from wallet.words import Words

pytestmark = pytest.mark.flow

HOST = "register.example"


@pytest.fixture(scope="module")
def everybody(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        with land(tmp_path_factory.mktemp("land"), services=services, announced=announced) as found:
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
        yield found


def served(country, citizen, name="/catalogue"):
    """What came last, with all that belongs to it."""
    return [one for one in country.network.between(citizen.sends_as, REGISTER, name) if one.response.status == 200][-1]


def serve(country, token, name="/catalogue"):
    """Serve this in place of what the register publishes."""

    def lie(request, response):
        if not request.url.endswith(name):
            return response
        return HttpResponse(200, (("content-type", "application/jwt"),), token)

    country.network.lies[HOST] = lie


def published(country, **changes):
    """A catalogue in the register's own word, which says something else."""
    signing = country.registrar.context.registrations
    says = claims_of(drive(country.registrar.documents.catalogue(), country.registrar_store, NoSender()).token)
    return sign_published(CATALOGUE, {**says, **changes}, signing.signer, signing.x5c).encode()


def problem(country, citizen):
    """What the wallet says of the catalogue after the next fetch; what is known stays in any case."""
    of_wallet = citizen.wallet.context.published
    known = of_wallet.catalogue()
    country.later(2 * HOUR)
    citizen.follow()
    assert of_wallet.catalogue() == known
    assert [one.id for one in known.services] == ["join"]
    assert of_wallet.problem is not None
    said = ServiceWords(Words("en")).problem(of_wallet.problem)
    assert "It was not taken. Nothing is lost: your wallet keeps what it had, and asks again by itself." in said
    return of_wallet.problem


def said_of_partners(citizen):
    """What the citizen reads of a list of partners that was not taken."""
    problem = citizen.wallet.context.published.partners_problem
    assert problem is PublishedProblem.ROLLED_BACK
    said = ServiceWords(Words("en")).partners_problem(problem)
    assert "Somebody may want to hide something from you. It was not taken. Nothing is lost:" in said


def test_an_older_catalogue_is_refused(country, erika):
    """T088"""
    seq = erika.wallet.context.published.catalogue().seq
    serve(country, published(country, seq=seq - 1, services=[]))
    assert problem(country, erika) is PublishedProblem.ROLLED_BACK


def test_another_catalogue_of_the_same_number_is_refused(country, erika):
    """One document for everybody: whoever gets one of their own could be told apart by it."""
    serve(country, published(country, services=[]))
    assert problem(country, erika) is PublishedProblem.ROLLED_BACK


def test_a_catalogue_signed_by_a_stranger_is_refused(country, erika):
    """T049: a partner of the register is no register."""
    says = claims_of(served(country, erika).response.body)
    keys = country.bank.keys
    serve(country, sign_published(CATALOGUE, {**says, "seq": says["seq"] + 1}, keys.signer, keys.x5c).encode())
    assert problem(country, erika) is PublishedProblem.STRANGER


def test_a_catalogue_that_was_altered_on_the_way_is_refused(country, erika):
    head, payload, signature = served(country, erika).response.body.split(b".")
    serve(country, b".".join((head, payload, signature[:-4] + (b"AAAA" if signature[-4:] != b"AAAA" else b"BBBB"))))
    assert problem(country, erika) is PublishedProblem.STRANGER


def test_partners_as_they_were_are_refused_and_the_heads_that_are_known_stay(country, erika):
    """T088: a register that forgets what it witnessed hides a partner that changed its past."""
    old = served(country, erika, "/partners").response.body
    country.later(2 * HOUR)
    erika.follow()
    known = erika.wallet.context.directory()
    assert known.seq > claims_of(old)["seq"]
    serve(country, old, "/partners")
    country.later(2 * HOUR)
    erika.follow()
    assert erika.wallet.context.directory() == known
    said_of_partners(erika)


def test_two_directories_of_one_number_are_a_split_view_of_the_witness(country, erika):
    country.later(2 * HOUR)
    erika.follow()
    known = erika.wallet.context.directory()
    signing = country.registrar.context.registrations
    says = claims_of(served(country, erika, "/partners").response.body)
    says["partners"] = says["partners"][:1]
    serve(country, sign_published("partner-directory+jwt", says, signing.signer, signing.x5c).encode(), "/partners")
    country.later(2 * HOUR)
    erika.follow()
    assert erika.wallet.context.directory() == known
    assert len(known.partners) > 1
    said_of_partners(erika)
