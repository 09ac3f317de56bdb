"""The wallet is locked, in another window or by itself, while something is going on: what the user is told then."""

import pytest

from protocol.errors import Unavailable, Unreachable
from runtime.conversation import Slow
from tests.wallet.counterpart_agency import AGENCY
from tests.wallet.counterparts import PASSPHRASE
from tests.wallet.web.flows import ADD, paste, receive, say
from tests.wallet.web.visitor import words_of
from wallet.vault.file import VaultClosed
from wallet.web.locked import WhenLocked, before_form

OFFER = {"pre_authorized_code": None, "authorization_code": True}


def lock_during(served, host, path, *, fails=False):
    """The wallet is locked while somebody answers a request to this path."""
    answer = host.respond

    def lock_and_answer(request):
        if request.url.endswith(path):
            served.door.close()
            if fails:
                raise Unreachable("away")
        return answer(request)

    host.respond = lock_and_answer


def lock_during_slow(served, monkeypatch, number):
    """The wallet is locked before the n-th time that something slow, such as writing, is begun from now on."""
    driver = served.wallet().driver
    perform, seen = driver._perform, [0]

    async def counted(effect):
        if isinstance(effect, Slow):
            seen[0] += 1
            if seen[0] == number:
                served.door.close()
        return await perform(effect)

    monkeypatch.setattr(driver, "_perform", counted)


def told(answer):
    """What the page says, which says that the wallet was locked and leads to where it is opened."""
    said = words_of(answer)
    assert answer.status_code == 401, said
    assert said.startswith("Your wallet was locked meanwhile")
    assert 'href="/unlock' in answer.text
    assert "Erika" not in answer.text
    return said


@pytest.fixture
def holder(served, citizen):
    """Somebody with a document."""
    say(citizen, receive(served, citizen), "yes")
    return citizen


def test_a_closed_vault_says_so_by_an_error_of_its_own(vault):
    vault.close()
    for use in (vault.credentials, vault.pending, vault.damaged, vault.log, vault.write):
        with pytest.raises(VaultClosed):
            use()
    with pytest.raises(VaultClosed):
        vault.check_passphrase(PASSPHRASE, now=0)
    with pytest.raises(VaultClosed):
        vault.change_passphrase("another good passphrase")
    assert issubclass(VaultClosed, Unavailable)


# Receiving


@pytest.mark.parametrize("path", ["/.well-known/openid-credential-issuer"])
@pytest.mark.parametrize("fails", [False, True])
def test_an_offer_that_was_being_looked_at_is_scanned_again(served, citizen, path, fails):
    lock_during(served, served.world.agency, path, fails=fails)
    said = told(citizen.post(ADD, page=ADD, link=served.world.agency.offer()))
    assert "Nothing was received, and nothing was given away." in said
    assert "scan the code again" in said


def test_an_invitation_that_was_being_used_may_be_spent(served, citizen):
    place = paste(citizen, served.world.agency.offer())
    lock_during(served, served.world.agency, "/token")
    said = told(say(citizen, place, "yes"))
    assert "Nothing was received." in said
    assert "ask for a new one" in said


def test_so_may_one_with_a_code(served, citizen):
    served.world.agency.tx_code = "1234"
    place = paste(citizen, served.world.agency.offer())
    lock_during(served, served.world.agency, "/token")
    assert "ask for a new one" in told(citizen.post(f"{place}/code", page=f"{place}/code", tx_code="1234"))


@pytest.mark.parametrize("fails", [False, True])
def test_a_document_that_was_being_fetched_is_not_lost(served, citizen, fails):
    """T158"""
    place = paste(citizen, served.world.agency.offer())
    lock_during(served, served.world.agency, "/credential", fails=fails)
    said = told(say(citizen, place, "yes"))
    assert "It is not in your wallet yet. But nothing is lost" in said
    citizen.unlock()
    assert "A document from agency.example is still to come." in words_of(citizen.get("/"))


def test_a_document_that_was_being_kept_is_not_lost(served, citizen, monkeypatch):
    """T158"""
    place = receive(served, citizen)
    lock_during_slow(served, monkeypatch, 1)
    assert "nothing is lost" in told(say(citizen, place, "yes"))
    citizen.unlock()
    assert served.vault.credentials() == ()
    assert len(served.vault.pending()) == 1


def test_a_document_that_was_kept_just_before_is_told_to_be_there(served, citizen):
    place = receive(served, citizen)
    lock_during(served, served.world.agency, "/notification")
    assert "The document is in your wallet." in told(say(citizen, place, "yes"))
    citizen.unlock()
    assert len(served.vault.credentials()) == 1


def test_a_login_that_was_being_begun_or_ended_is_told(served, citizen):
    place = paste(citizen, served.world.agency.offer(**OFFER))
    path = f"/login/{place.rpartition('/')[2]}"
    lock_during(served, served.world.agency, "/par")
    assert "Nothing was received" in told(citizen.post(path, page=place, answer="yes"))


# Presenting


def test_a_question_that_was_being_looked_at_is_scanned_again(served, holder):
    lock_during(served, served.world.partner, "/request")
    said = told(holder.post(ADD, page=ADD, link=served.world.partner.link()))
    assert "nothing was given away" in said
    assert "scan the code again" in said


def test_nothing_was_shared_before_it_is_written_down(served, holder, monkeypatch):
    """T171"""
    place = paste(holder, served.world.partner.link())
    lock_during_slow(served, monkeypatch, 1)
    assert "nothing was given away" in told(say(holder, place, "yes"))
    assert served.world.partner.answers == []


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_shared_just_before_is_told_and_stands_in_the_list(served, holder, fails):
    """T171"""
    place = paste(holder, served.world.partner.link())
    lock_during(served, served.world.partner, "/response", fails=fails)
    said = told(say(holder, place, "yes"))
    assert "Your data was sent" in said
    assert "Count it as seen." in said
    holder.unlock()
    assert "You showed Personal ID to City library." in words_of(holder.get("/activity"))


def test_a_no_gives_nothing_away_either(served, holder, monkeypatch):
    place = paste(holder, served.world.partner.link())
    lock_during_slow(served, monkeypatch, 1)
    assert "nothing was given away" in told(say(holder, place, "no"))


# Everything else


NEW = "a new passphrase of words"


@pytest.mark.parametrize(
    ("path", "form"),
    [("/activity/delete", {}), ("/settings/passphrase", {"old": PASSPHRASE, "new": NEW, "again": NEW})],
)
def test_what_was_not_done_is_called_so(served, holder, monkeypatch, path, form):
    before = len(served.vault.log())
    lock_during_slow(served, monkeypatch, 1)
    said = told(holder.post(path, page="/settings", **form))
    assert "What you clicked was not done" in said
    holder.unlock()
    assert len(served.vault.log()) == before


def test_a_document_that_was_not_deleted_is_still_there(served, holder, monkeypatch):
    [held] = served.vault.credentials()
    lock_during_slow(served, monkeypatch, 1)
    assert "What you clicked was not done" in told(
        holder.post(f"/cards/{held.id}/delete", page=f"/cards/{held.id}/delete")
    )
    holder.unlock()
    assert len(served.vault.credentials()) == 1


def test_what_was_done_just_before_is_called_so(served, holder, monkeypatch):
    [held] = served.vault.credentials()
    write = served.vault.write

    def write_and_lock(**changes):
        entry = write(**changes)
        served.door._visit = None
        return entry

    vault = served.vault
    monkeypatch.setattr(vault, "write", write_and_lock)
    said = told(holder.post(f"/cards/{held.id}/delete", page=f"/cards/{held.id}/delete"))
    assert "What you clicked was done before that." in said
    vault.close()


@pytest.mark.parametrize(
    ("path", "when"),
    [
        ("/add", WhenLocked.SCAN_AGAIN),
        ("/receive/aa", WhenLocked.SCAN_AGAIN),
        ("/receive/aa/code", WhenLocked.SCAN_AGAIN),
        ("/receive/aa/arrived", WhenLocked.WAITS),
        ("/receive/pending/aa", WhenLocked.WAITS),
        ("/login/aa", WhenLocked.SCAN_AGAIN),
        ("/present/aa", WhenLocked.SCAN_AGAIN),
        ("/cards/aa/delete", WhenLocked.NOT_DONE),
        ("/check", WhenLocked.NOT_DONE),
    ],
)
def test_a_form_that_comes_to_a_closed_door_does_nothing_and_says_so(served, citizen, path, when):
    assert before_form(path) is when
    token = citizen.token("/settings")
    served.door.close()
    said = told(citizen.client.post(path, data={"form_token": token, "answer": "yes"}))
    expected = {
        WhenLocked.SCAN_AGAIN: "Nothing was received, and nothing was given away.",
        WhenLocked.WAITS: "nothing is lost",
        WhenLocked.NOT_DONE: "What you clicked was not done",
    }[when]
    assert expected in said


def test_who_opened_it_again_meanwhile_is_told_too(served, citizen):
    """What was going on belonged to the wallet as it was open before."""
    place = paste(citizen, served.world.agency.offer())
    answer, other = served.world.agency.respond, served.visitor()

    def lock_and_open(request):
        if request.url.endswith("/credential"):
            served.door.close()
            other.unlock()
        return answer(request)

    served.world.agency.respond = lock_and_open
    assert "nothing is lost" in told(say(citizen, place, "yes"))


def test_it_is_told_in_the_language_of_the_reader(served):
    visitor = served.visitor("de")
    visitor.unlock()
    place = paste(visitor, served.world.agency.offer())
    lock_during(served, served.world.agency, "/credential")
    said = words_of(say(visitor, place, "yes"))
    assert said.startswith("Ihre Wallet wurde inzwischen geschlossen")
    assert AGENCY not in said
