"""Errors at a partner: people read pages that lead back to its questions, and wallets read what their specification says."""

import pytest

from runtime.driver import Driver
from runtime.http import NoSender
from verifier.api.endpoints import protocol_endpoints

PAGE = {"accept": "text/html,*/*;q=0.8", "accept-language": "de"}


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/ask", 405), ("POST", "/", 405)]
)
def test_who_is_lost_is_led_back_to_the_questions(counter, method, path, status):
    answer = counter.http(method, path, headers=PAGE)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<a class="deed" href="/">Zur Startseite</a>' in answer.text
    assert "set-cookie" not in answer.headers


def test_no_protocol_endpoint_answers_with_a_page(counter):
    paths = [endpoint.path for endpoint in protocol_endpoints(counter.verifier, Driver(counter.store, NoSender()))]
    assert len(paths) > 2
    for path in paths:
        for method in ("GET", "POST", "PUT"):
            answer = counter.http(method, path.replace("{reference}", "x"), headers=PAGE)
            assert "html" not in answer.headers["content-type"], (method, path)
