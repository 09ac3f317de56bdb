"""The page at the address that wallets call: what it is, and whom to write to, the same for everybody."""

import pytest

from protocol.trust.registration import Contact
from tests.support.verifier import Counter, make_verifier
from tests.verifier.citizen import ACCESS


@pytest.fixture
def make(tmp_path, agency):
    made: list[Counter] = []

    def of(**changes):
        settings = {"privacy_policy": "https://library.example/privacy", **changes}
        made.append(make_verifier(f"sqlite:///{tmp_path}/{len(made)}.db", agency.anchors, access=ACCESS, **settings))
        return made[-1]

    yield of
    for each in made:
        each.close()


def test_it_says_what_it_is_and_whom_to_write_to_in_both_languages(make):
    counter = make(dpo=Contact(email="dpo@library.example"))
    page = counter.http("GET", "/cockpit")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert 'href="mailto:dpo@library.example"' in page.text
    assert 'href="https://library.example/privacy"' in page.text
    german = counter.http("GET", "/cockpit", headers={"accept-language": "de"})
    assert "Ohne Ihre Wallet" in german.text


def test_it_is_the_same_for_everybody_and_keeps_nothing_in_the_browser(make):
    counter = make()
    first, second = counter.http("GET", "/cockpit"), counter.http("GET", "/cockpit")
    assert first.content == second.content
    assert "set-cookie" not in first.headers


def test_there_is_none_where_no_wallet_is_answered(make):
    assert make(cockpit=False).http("GET", "/cockpit").status_code == 404


def test_wallets_still_reach_what_is_below_it(make):
    assert make().http("POST", "/cockpit/rights").status_code == 401
    assert make().http("POST", "/cockpit").status_code == 405
