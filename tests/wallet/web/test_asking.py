"""What a page says about who asks and whether they may, and proof of what they may not, to take along."""

import json
from dataclasses import replace

import pytest

from protocol.crl import RevocationReason
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.carried import carry_registration
from protocol.trust.localized import Localized
from protocol.trust.registration import Intermediary
from runtime.anchors import AnchorFolder, write_anchor
from tests.support.pki import Template, make_pki, seeded_key
from tests.wallet.counterparts import dcql
from tests.wallet.registrar import AGENCY_ENTRY, ENTRY, LIBRARY, RegisteredWorld
from tests.wallet.service.presenting.test_barred import HOST, POINT, Certifier
from tests.wallet.service.test_issuing import RegisteredAgency
from tests.wallet.web.flows import follow, paste, receive, say
from tests.wallet.web.visitor import Served, words_of


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A wallet among people who are registered."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    world = RegisteredWorld(None)
    wallet = Served(tmp_path / "wallet", world)
    pki = world.registrar.pki
    write_anchor(wallet.settings.anchors_folder, "registrar.pem", pki.root.pem, role=pki.role, name="The register")
    wallet.create()
    yield wallet
    wallet.door.close()


@pytest.fixture
def holder(served):
    """The browser of somebody who has an identity card."""
    visitor = served.visitor()
    visitor.unlock()
    say(visitor, receive(served, visitor), "yes")
    return visitor


def asked(served, holder, *paths):
    """The page of a question for this data, and where it stands."""
    served.world.partner.query = {"credentials": [dcql(*paths)]}
    place = paste(holder, served.world.partner.link())
    return place, holder.get(place)


def test_who_is_registered_is_said_with_what_for_and_whom_to_complain_to(served, holder):
    served.world.registering()
    _, page = asked(served, holder, ("given_name",))
    text = words_of(page)
    assert "City library is registered to ask for: Given name." in text
    assert "What for, as they registered it: To make you a library card." in text
    assert "Who watches over them: watch@data.example, https://data.example/complain" in text
    assert "Registered by: Registrar" in text
    assert 'href="https://library.example/privacy"' in page.text
    assert 'value="yes">Share' in page.text


def test_who_asks_too_much_gets_nothing_and_the_page_says_what_it_was(served, holder):
    """T170"""
    served.world.registering()
    place, page = asked(served, holder, ("given_name",), ("birthdate",), ("nationalities", None))
    text = words_of(page)
    assert "City library asks for more than they registered for: Date of birth, Nationality." in text
    assert "So your wallet passes on nothing." in text
    assert "It keeps what they asked, as proof. You find it in your activity, and can complain there." in text
    assert "You do not have what they need" not in text
    assert 'value="yes"' not in page.text
    assert say(holder, place, "yes").status_code >= 400
    done = follow(holder, say(holder, place, "no"))
    assert "You shared nothing" in words_of(done)
    assert [form.get("error") for form in served.world.partner.answers] == ["access_denied"]


def test_the_proof_can_be_seen_and_taken_along(served, holder):
    """T170, T260: its address names nobody."""
    served.world.registering()
    asked(served, holder, ("birthdate",))
    activity = holder.get("/activity")
    assert "City library asked for more than they registered for. Nothing of that was passed on." in words_of(activity)
    number = served.vault.log()[-1].number
    assert f'href="/activity/entry/{number}"' in activity.text
    entry = words_of(holder.get(f"/activity/entry/{number}"))
    assert "Personal ID: Date of birth" in entry
    assert "watch@data.example" in entry
    proof = holder.get(f"/activity/entry/{number}/proof.json")
    assert proof.headers["content-disposition"] == 'attachment; filename="proof.json"'
    assert proof.headers["cache-control"] == "no-store"
    found = json.loads(proof.text)
    [evidence] = served.vault.evidence()
    assert found["request_object"] == evidence.request
    assert found["registration_certificate"] == evidence.registration
    assert found["asked_beyond_registration"] == [{"type": "urn:eudi:pid:1", "claims": ['["birthdate"]']}]
    assert "Erika" not in proof.text


def test_there_is_no_proof_of_what_was_right(served, holder):
    for number in (1, 2, 99):
        assert holder.get(f"/activity/entry/{number}/proof.json").status_code == 404
    assert "Proof of what was asked" not in words_of(holder.get("/activity/entry/1"))


def test_a_closed_wallet_shows_no_proof(served, holder):
    """T170, T239"""
    served.world.registering()
    asked(served, holder, ("birthdate",))
    number = served.vault.log()[-1].number
    stranger = served.visitor()
    assert stranger.get(f"/activity/entry/{number}/proof.json").status_code == 303


def test_somebody_elses_registration_is_told_in_words(served, holder):
    served.world.registering(identifier="VATDE-999999999")
    place, page = asked(served, holder, ("given_name",))
    assert "City library shows the registration of somebody else." in words_of(page)
    assert 'value="yes"' not in page.text
    say(holder, place, "no")
    assert "asked without a registration that counts" in words_of(holder.get("/activity"))


def test_a_registration_that_was_taken_back_is_told_in_german_too(served, holder):
    served.world.registrar.status = 1
    served.world.registering()
    visitor = served.visitor("de")
    visitor.unlock()
    _place, page = asked(served, visitor, ("given_name",))
    assert "Die Registrierung von City library wurde zurückgenommen." in words_of(page)
    assert "Deshalb gibt Ihre Wallet nichts weiter." in words_of(page)


@pytest.mark.parametrize(
    ("language", "problem", "line", "ground"),
    [
        (
            "en",
            "Somebody asks in the name of City library. But the proof of who they are was taken back.",
            "Somebody came in the name of City library, with a proof that does not count any more.",
            "Somebody asked in the name of City library, without a proof that counts.",
        ),
        (
            "de",
            "Jemand fragt im Namen von City library. Aber der Beleg dafür, wer das ist, wurde zurückgenommen.",
            "Jemand kam im Namen von City library, mit einem Beleg, der nicht mehr gilt.",
            "Jemand hat im Namen von City library gefragt, ohne einen Beleg, der gilt.",
        ),
    ],
)
def test_t091_whose_proof_was_taken_back_is_not_said_to_be_anybody(served, language, problem, line, ground):
    visitor = barred(served, language)
    place, page = asked(served, visitor, ("given_name",))
    text = words_of(page)
    assert problem in text
    assert ("Jemand fragt Sie nach Daten" if language == "de" else "Somebody asks you for data") in text
    assert 'value="yes"' not in page.text
    assert not any(word in text for word in ("vouch", "bürgt", "City library asks", "City library fragt"))
    say(visitor, place, "no")
    assert line in words_of(visitor.get("/activity"))
    number = served.vault.log()[-1].number
    entry = visitor.get(f"/activity/entry/{number}")
    assert line in words_of(entry)
    assert "/activity/with/" not in entry.text
    assert visitor.get(f"/activity/with/{number}").status_code == 404
    assert ground in words_of(visitor.get(f"/activity/entry/{number}/complaint"))


def barred(served, language):
    """The browser of a holder, to whom a partner comes whose certificate was revoked."""
    leaf = Template(common_name="City library", country="DE", identifier=LIBRARY, extensions=((POINT, False),))
    partner = served.world.partner
    partner.pki = make_pki(leaf, key=seeded_key(6), role=Role.VERIFIER)
    pem = partner.pki.root.pem
    write_anchor(served.settings.anchors_folder, "listed.pem", pem, role=Role.VERIFIER, name="The authority")
    served.world.more[HOST] = Certifier(partner.pki, RevocationReason.KEY_COMPROMISE)
    visitor = served.visitor(language)
    visitor.unlock()
    say(visitor, receive(served, visitor), "yes")
    served.world.registering()
    return visitor


def test_an_intermediary_is_named_with_whom_it_asks_for(served, holder):
    entry = replace(ENTRY, name="Cinema", identifier="VATDE-333333333", intermediary=Intermediary(LIBRARY))
    served.world.registering(entry)
    _, page = asked(served, holder, ("given_name",))
    assert "City library asks on behalf of Cinema." in words_of(page)
    assert "Cinema asks you for data" in words_of(page)
    assert "Cinema (City library) asks" not in words_of(page)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("de", "Geprüft: Das Register bürgt dafür."), ("en", "Checked: The register vouches for them.")],
)
def test_who_vouches_is_named_in_the_language_of_the_page(served, monkeypatch, language, sentence):
    names = (Localized("en", "The register"), Localized("de", "Das Register"))
    current = AnchorFolder.current
    monkeypatch.setattr(
        AnchorFolder,
        "current",
        lambda folder: TrustAnchors(
            [replace(one, name="The register", names=names) for one in current(folder).anchors]
        ),
    )
    visitor = served.visitor(language)
    visitor.unlock()
    served.world.registering()
    _, page = asked(served, visitor, ("given_name",))
    assert sentence in words_of(page)


def test_who_shows_no_registration_is_warned_of(served, holder):
    _, page = asked(served, holder, ("given_name",))
    assert "City library does not show that they are registered to ask for data." in words_of(page)
    assert 'value="yes">Share' in page.text


def test_what_is_asked_is_named_in_words_where_no_document_has_a_name_for_it(served):
    """Somebody with an empty wallet is told in their own words too."""
    visitor = served.visitor()
    visitor.unlock()
    served.world.registering()
    _, page = asked(served, visitor, ("birthdate",), ("place_of_birth", "locality"), ("shoe_size",))
    assert (
        "asks for more than they registered for: Date of birth, Place of birth, something called “shoe size”."
        in words_of(page)
    )


# Who gives


def offered(served, holder, entry):
    """The page that an offer leads to, of an agency that shows this registration."""
    agency = RegisteredAgency(pki=served.world.agency.pki)
    agency.info = (carry_registration(served.world.registrar.certificate(entry)),)
    served.world.agency = agency
    return holder.post("/add", page="/add", link=agency.offer())


def test_an_office_that_is_registered_is_said_to_be(served, holder):
    page = follow(holder, offered(served, holder, AGENCY_ENTRY))
    assert "City of Köln is registered to give you this." in words_of(page)
    assert "Yes, I want it" in words_of(page)


def test_an_office_that_is_not_registered_for_it_is_refused_by_name(served, holder):
    """T186"""
    page = follow(holder, offered(served, holder, replace(AGENCY_ENTRY, provides=())))
    assert page.status_code == 400
    assert "City of Köln is not registered to give you: Personal ID." in words_of(page)
    assert "So nothing was asked for, and nothing was given away." in words_of(page)
    assert "Yes, I want it" not in words_of(page)


def test_an_office_with_somebody_elses_registration_is_refused(served, holder):
    page = follow(holder, offered(served, holder, replace(AGENCY_ENTRY, identifier="VATDE-9")))
    assert "City of Köln shows the registration of somebody else." in words_of(page)
