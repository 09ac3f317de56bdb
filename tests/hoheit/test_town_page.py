"""The first page of the demo town: everybody is there, under addresses below the town's own."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from hoheit.demo.places import AGENCIES, CITY_OFFICE, COUNTERS, PARTNERS, PROVIDING, REGISTERS
from hoheit.demo.setting_up import Town
from hoheit.demo.web import start_page

START = "http://localhost:8480"


def page(language="en", start=START):
    app = start_page(Town(Path("nowhere"), start), secret=b"s" * 32)
    return TestClient(app, base_url=start).get("/", headers={"accept-language": language})


@pytest.mark.parametrize("language", ["de", "en"])
def test_everybody_is_on_the_first_page(language):
    text = page(language).text
    for place in (*AGENCIES, *COUNTERS, *PARTNERS, *REGISTERS):
        assert dict(place.name)[language] in text
        assert f'href="http://{place.id}.localhost:8480/"' in text
    assert 'href="http://wallet.localhost:8480"' in text
    assert 'href="http://buergeramt.localhost:8480/desk"' in text
    for place in PROVIDING:
        assert f'href="http://{place.id}.localhost:8480/desk"' in text
    assert 'href="http://apotheke.localhost:8480/desk"' not in text
    assert 'href="http://register.localhost:8480/operator"' in text


def test_behind_a_public_address_everybody_is_below_it():
    town = Town(Path("nowhere"), "https://demo.example")
    assert town.address(CITY_OFFICE) == "https://buergeramt.demo.example"
    assert town.wallet_address == "https://wallet.demo.example"
    assert 'href="https://buergeramt.demo.example/"' in page(start="https://demo.example").text


def test_the_first_page_is_guarded():
    """T234"""
    policy = page().headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_who_mistypes_an_address_reads_a_page():
    app = start_page(Town(Path("nowhere"), START), secret=b"s" * 32)
    answer = TestClient(app, base_url=START).get("/nowhere", headers={"accept": "text/html", "accept-language": "de"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert 'lang="de"' in answer.text
    assert 'href="/"' in answer.text
