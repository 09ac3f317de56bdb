"""A page offers to ask the register about who shows only where they are registered, and says what that means (T170)."""

import pytest

from runtime.anchors import AnchorFolder, write_list_of_lists
from runtime.driver import drive
from tests.protocol.trust.lists import OPERATOR
from tests.wallet.counterparts import dcql
from tests.wallet.registrar import LIBRARY, LIST_HOST, REGISTER, ListHost, RegisteredWorld
from tests.wallet.web.flows import paste, receive, say
from tests.wallet.web.visitor import Served, words_of


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    world = RegisteredWorld(None).naming_register()
    world.more[LIST_HOST] = ListHost(world.registrar.pki)
    wallet = Served(tmp_path / "wallet", world)
    write_list_of_lists(wallet.settings.anchors_folder, f"{LIST_HOST}/registrars", OPERATOR.pem)
    wallet.create()
    yield wallet
    wallet.door.close()


def asked(served, language, *paths):
    visitor = served.visitor(language)
    visitor.unlock()
    say(visitor, receive(served, visitor), "yes")
    served.world.partner.query = {"credentials": [dcql(*paths)]}
    return visitor, paste(visitor, served.world.partner.link())


def press(visitor, place):
    """Where it stands once the register was asked."""
    answer = visitor.post(f"{place}/ask-register", page=place)
    return answer.headers["location"]


@pytest.mark.parametrize(
    ("language", "learns", "registered"),
    [
        (
            "en",
            (
                "Your wallet can ask Town about City library. The register then learns whom you have to do with. "
                "It learns nothing from your documents."
            ),
            "City library is registered to ask for: Given name.",
        ),
        (
            "de",
            (
                "Ihre Wallet kann Town nach City library fragen. Das Register erfährt dann, mit wem Sie zu tun haben. "
                "Es erfährt nichts aus Ihren Dokumenten."
            ),
            "City library ist registriert, um zu fragen nach: Vorname.",
        ),
    ],
    ids=["en", "de"],
)
def test_the_page_says_what_the_register_learns_and_asks_it_only_by_the_button(served, language, learns, registered):
    visitor, place = asked(served, language, ("given_name",))
    page = words_of(visitor.get(place))
    assert learns in page
    assert served.world.registrar.asked == []
    page = words_of(visitor.get(press(visitor, place)))
    assert registered in page
    assert learns not in page
    assert len(served.world.registrar.asked) == 1
    assert visitor.get(place).status_code >= 400


def test_silence_is_told_and_the_register_can_be_asked_again(served):
    served.world.registrar.away = True
    visitor, place = asked(served, "en", ("given_name",))
    place = press(visitor, place)
    page = visitor.get(place)
    assert "The register did not answer. Nothing was passed on." in words_of(page)
    assert "Ask the register again" in words_of(page)
    served.world.registrar.away = False
    assert "City library is registered to ask for" in words_of(visitor.get(press(visitor, place)))


def test_who_is_not_in_the_register_gets_nothing(served):
    served.world.registrar.entry = None
    visitor, place = asked(served, "en", ("given_name",))
    page = visitor.get(press(visitor, place))
    assert "The register says that City library is not registered for this." in words_of(page)
    assert "So your wallet passes on nothing." in words_of(page)
    assert 'value="yes"' not in page.text


def with_lists_in(tmp_path, monkeypatch, *folders):
    """A wallet whose lists of registrars stand in the first of two folders, or in the second; both fetched."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    world = RegisteredWorld(None).naming_register()
    world.more[LIST_HOST] = ListHost(world.registrar.pki)
    wallet = Served(tmp_path / "wallet", world, extra_anchors=tmp_path / "extra")
    for name in folders:
        folder = tmp_path / name
        write_list_of_lists(folder, f"{LIST_HOST}/registrars", OPERATOR.pem)
        assert drive(AnchorFolder(folder, lambda: world.now).refresh(), None, world).failed == 0
    wallet.create()
    return wallet


@pytest.mark.parametrize(
    ("folders", "known"),
    [(("wallet/anchors",), 1), (("extra",), 1), (("wallet/anchors", "extra"), 2), ((), 0)],
    ids=["own", "extra", "both", "none"],
)
def test_the_registers_of_a_second_folder_count_as_the_first_ones_do(tmp_path, monkeypatch, folders, known):
    served = with_lists_in(tmp_path, monkeypatch, *folders)
    visitor, place = asked(served, "en", ("given_name",))
    assert len(served.wallet().wallet.presenting.context.registers()) == known
    offered = "Your wallet can ask Town about City library." in words_of(visitor.get(place))
    assert offered is bool(known)
    if known:
        assert "City library is registered to ask for: Given name." in words_of(visitor.get(press(visitor, place)))
        assert served.world.registrar.asked == [f"{REGISTER}/{LIBRARY}"]
    served.door.close()
