"""Errors at an agency: people and clerks read pages that say what to do, and wallets read what their specification says."""

import pytest
from sqlalchemy import text

from issuer.api.endpoints import protocol_endpoints
from runtime.driver import Driver
from runtime.http import NoSender
from tests.support.issuer import make_issuer

PAGE = {"accept": "text/html,*/*;q=0.8", "accept-language": "de"}


@pytest.fixture
def desk():
    return make_issuer()


@pytest.fixture
def http(desk):
    with desk.browser() as client:
        yield client


@pytest.mark.parametrize(
    ("path", "home"), [("/nowhere", "/"), ("/desk/nowhere", "/desk"), ("/desktop", "/"), ("/offers/a/b/c", "/")]
)
def test_who_is_lost_is_led_back_to_where_they_belong(http, path, home):
    answer = http.get(path, headers=PAGE)
    assert answer.status_code == 404
    assert "Hier ist keine Seite" in answer.text
    assert f'<a class="deed" href="{home}">' in answer.text
    assert "set-cookie" not in answer.headers


def test_an_error_page_needs_no_database(http, desk):
    """T254: and says no word of what is wrong with it."""
    desk.store.database.write(lambda connection: connection.execute(text("DROP TABLE sessions")))
    answer = http.get("/offers/unknown/qr.svg", headers=PAGE)
    assert answer.status_code == 500
    assert "Bei uns ist etwas schiefgegangen" in answer.text
    assert "sessions" not in answer.text
    assert http.get("/nowhere", headers=PAGE).status_code == 404


def test_no_protocol_endpoint_answers_with_a_page(http, desk):
    endpoints = protocol_endpoints(desk.issuer, Driver(desk.store, NoSender()))
    paths = [endpoint.path for endpoint in endpoints]
    assert len(paths) > 8
    for path in paths:
        for method in ("GET", "POST", "PUT"):
            answer = http.request(method, path.replace("{reference}", "x").replace("{list_id}", "x"), headers=PAGE)
            assert "html" not in answer.headers["content-type"], (method, path)
    assert http.get("/api/offers/x", headers=PAGE).json()["error"] == "unauthorized"
    assert http.get("/.well-known/nothing", headers=PAGE).json()["error"] == "not_found"
