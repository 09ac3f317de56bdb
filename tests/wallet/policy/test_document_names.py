"""Documents in the activity are called in the language of the page, where that is known; others keep the logged name."""

from dataclasses import replace

import pytest

import issuer.usage
import verifier.usage
from protocol.encoding import encode_json
from protocol.oid4vci.metadata import Display
from protocol.sovereignty.usage import Action
from tests.support.partners import both
from tests.wallet.counterpart_agency import PID, VCT
from tests.wallet.counterparts import held
from wallet.policy.activity import given
from wallet.policy.document_names import namer_of, renamed
from wallet.policy.showing import logged_credential
from wallet.role_names import role_name
from wallet.service.context import NOBODY, entry_of
from wallet.words import Words


def called(record_id, *names):
    configuration = replace(PID, display=tuple(Display(name, language) for language, name in names))
    return held(record_id, configuration=encode_json(configuration.to_dict()).decode())


CARD = called("card", ("en", "Personal ID"), ("de", "Personalausweis"))
OTHER = called("other", ("en", "Proof for a company"), ("de", "Vertretungsnachweis Firma"))


@pytest.mark.parametrize("logged", ["Personal ID", "Personalausweis"], ids=["english", "german"])
def test_a_document_that_is_held_is_called_in_the_language_of_the_page(logged):
    assert namer_of([CARD, OTHER], "de")(VCT, logged) == "Personalausweis"
    assert namer_of([OTHER, CARD], "en")(VCT, logged) == "Personal ID"


@pytest.mark.parametrize(
    ("type_", "logged"),
    [(VCT, "Aufenthaltstitel"), ("urn:town:card:1", "Personal ID")],
    ids=["another document of the type", "another type"],
)
def test_a_name_that_nothing_held_has_stays_as_it_was_logged(type_, logged):
    assert namer_of([CARD, OTHER], "de")(type_, logged) == logged


def test_the_line_and_its_data_are_called_alike_and_the_entry_itself_stays():
    logged = logged_credential(CARD, "en")
    entry = entry_of(1, "sharing", NOBODY, "done", (logged,))(1, "")
    name = namer_of([CARD], "de")
    assert "Personalausweis" in Words("de").entry(renamed(entry, name), "done")
    assert [one.name for one in given(entry, [CARD], "de", Words("de").data)] == ["Personalausweis"]
    assert entry.credentials == (logged,)
    assert renamed(entry, namer_of([], "en")) is entry


def test_a_document_that_is_gone_is_called_in_the_language_of_the_page_too():
    logged = logged_credential(CARD, "en")
    entry = entry_of(1, "sharing", NOBODY, "done", (logged,))(1, "")
    assert [one.name for one in given(entry, [], "de", Words("de").data)] == ["Personalausweis"]
    assert "Personalausweis" in Words("de").entry(renamed(entry, namer_of([], "de")), "done")
    assert [one.name for one in given(entry, [], "en", Words("en").data)] == ["Personal ID"]
    # What has one name everywhere needs no more than that
    assert logged_credential(called("one", ("en", "Card")), "en").names == ()


@pytest.mark.parametrize(
    ("by", "german", "english"),
    [
        ("clerk", "Sachbearbeitung", "clerk"),
        ("Sachbearbeitung", "Sachbearbeitung", "clerk"),
        ("Schalter", "Schalter", "counter"),
        ("Prüfdienst, automatisch", "Prüfdienst, automatisch", "checking service, automatically"),
        ("operators of the issuing service", "Betrieb des Ausstellungsdienstes", "operators of the issuing service"),
        ("night\u202e shift", "night shift", "night shift"),
    ],
    ids=["clerk", "german clerk", "counter", "service", "operators", "T152"],
)
def test_who_it_was_at_a_partner_is_said_in_the_language_of_the_page(by, german, english):
    assert role_name(Words("de"), by) == german
    assert role_name(Words("en"), by) == english


def written(language, by):
    """Who a verifier's log names."""
    logged = verifier.usage.Logged.of(
        "receipt-of-a-test-1", 2, {"pid": (("given_name",),)}, both("Grund", "Reason"), language
    )
    return logged.use(Action.VIEWED, by, now=1)[0].use.by


def test_every_word_that_our_own_logs_use_is_known():
    """The wallet imports no other role, so the words are compared here."""
    pairs = [(issuer.usage.name_of(by, "de"), issuer.usage.name_of(by, "en")) for by in issuer.usage.By]
    pairs += [(written("de", by), written("en", by)) for by in verifier.usage.By]
    for german, english in pairs:
        assert {role_name(Words("de"), german), role_name(Words("de"), english)} == {german}
        assert {role_name(Words("en"), german), role_name(Words("en"), english)} == {english}
