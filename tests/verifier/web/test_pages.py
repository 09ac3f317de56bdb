"""The counter's pages: what a person sees, and what no other page can make their browser do."""

import re
from pathlib import Path

import pytest

from protocol.encoding import JsonObject
from tests.support.verifier import IDENTIFIER, Held, issue_held, make_verifier
from tests.verifier.web.people import Browser, shown

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000",
}


def test_a_person_scans_answers_and_sees_the_verdict(counter, browser, held):
    assert "What is your name?" in browser.page.text
    page = browser.press(use_case="family-name")
    assert "We write it on your card." in page.text
    assert 'http-equiv="refresh"' in page.text
    address = browser.address()
    delivered = shown(counter, browser.asked(), held)
    assert delivered.redirect_uri is None
    page = browser.get(address)
    for text in ("Thank you, that is all we need.", "Mustermann", "The document is genuine", "It was not taken back"):
        assert text in page.text
    assert "Erika" not in page.text
    assert 'http-equiv="refresh"' not in page.text


def test_no_address_of_a_page_says_anything_about_a_person(counter, browser, held):
    """T260: addresses are kept by browsers and logs, and travel as referrers."""
    browser.press(use_case="family-name")
    browser.press(use_case="family-name", same_device="yes")
    address = browser.address()
    back = shown(counter, browser.link(), held).redirect_uri
    page = browser.get(back)
    assert "Mustermann" in page.text
    targets = re.findall(r'(?:href|src|action)="([^"]+)"', page.text)
    assert targets
    for target in (address, browser.address(), *targets):
        assert "?" not in target
        assert "#" not in target.removeprefix("#main")
        for secret in ("Mustermann", back.partition("=")[2], *browser.cookies.values()):
            assert secret not in target
    assert page.headers["referrer-policy"] == "no-referrer"


def test_on_the_same_device_the_wallet_leads_back(counter, browser, held):
    """T183."""
    browser.press(use_case="family-name")
    page = browser.press(use_case="family-name", same_device="yes")
    assert "qr.svg" not in page.text
    address = browser.address()
    back = shown(counter, browser.link(), held).redirect_uri
    assert "let it lead you back" in browser.get(address).text
    assert "Mustermann" not in browser.page.text
    other = Browser(counter)
    other.get("/")
    assert other.get(back).status_code == 404
    assert other.get(address).status_code == 404
    assert "Mustermann" in browser.get(back).text
    assert browser.address() == address
    assert browser.get(back).status_code == 404
    assert "Mustermann" in browser.get(address).text


def test_after_a_programs_question_people_are_thanked_and_shown_nothing(counter, held):
    made = counter.ask(same_device=True)
    back = shown(counter, made.uri, held).redirect_uri
    page = Browser(counter).get(back)
    assert page.status_code == 200
    assert "Please go back to the page where you began" in page.text
    assert "Mustermann" not in page.text
    assert Browser(counter).get(f"/r/{made.id}").status_code == 404


def ended(counter, how, held: Held):
    browser = Browser(counter)
    browser.get("/")
    browser.press(use_case="family-name")
    address = browser.address()
    path = f"/responses/{re.search(r'/requests/([^/]+)/qr', browser.page.text)[1]}"
    if how == "refused":
        shown(counter, browser.asked(), held)
    elif how == "declined":
        counter.http("POST", path, data={"error": "access_denied"})
    elif how == "opened":
        counter.http("GET", path.replace("responses", "requests"))
    else:
        counter.clock.forward(300)
    return browser.get(address)


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("refused", "We could not accept this proof."),
        ("declined", "Nothing was shared"),
        ("expired", "This question has expired."),
        ("opened", "Your wallet has the question."),
    ],
)
def test_every_end_is_told_in_plain_words(counter, agency, how, text):
    """T196: also on a page that stayed open."""
    expired = issue_held(agency, expires_at=counter.clock.now - 61)
    page = ended(counter, how, expired)
    assert text in page.text
    if how == "refused":
        assert "It is not valid today" in page.text
        assert "We did not check whether it was taken back" in page.text
    assert ("refresh" in page.text) == (how == "opened")


def test_texts_come_in_the_language_of_the_browser(counter):
    assert "Wie heißen Sie?" in Browser(counter, "de-AT,de;q=0.9,en;q=0.5").get("/").text
    assert "Stadtbücherei" in Browser(counter, "fr").get("/").text
    assert "City library" in Browser(counter, "en-GB").get("/").text


@pytest.mark.parametrize(
    "path", ["/", "/r/unknown", "/result", "/result?response_code=x", "/nowhere", "/ask", "/static/x"]
)
def test_every_page_is_guarded(counter, path):
    """T234: error pages too."""
    response = counter.http("GET", path)
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert set(scripts_of(response.text)) <= {"/static/page.js"}
    assert " style=" not in response.text
    assert " on" + "click" not in response.text


def scripts_of(html):
    """The addresses of a page's scripts, of which none has a text of its own."""
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == html.count("<script")
    assert not any(text for _, text in scripts)
    return [re.search(r'src="([^"]+)"', attributes)[1] for attributes, _ in scripts]


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"form_token": ""}, {}),
        ({"form_token": "0" * 64}, {}),
        ({}, {"origin": "https://evil.example"}),
        ({}, {"origin": IDENTIFIER, "sec-fetch-site": "cross-site"}),
        ({}, {"cookie": ""}),
    ],
)
def test_nobody_else_asks_in_a_persons_name(counter, browser, change, headers):
    """T233: without the token, from another page, or without the browser's own cookie."""
    token = re.search(r'name="form_token" value="([^"]+)"', browser.page.text)[1]
    form = {"form_token": token, "use_case": "family-name", **change}
    response = browser.go("POST", "/ask", data={k: v for k, v in form.items() if v}, headers=headers)
    assert response.status_code == 403
    assert "set-cookie" not in response.headers


def test_a_form_is_no_json(counter, browser):
    """T233."""
    for kind in ("text/plain", "application/json"):
        response = browser.go("POST", "/ask", content='{"use_case":"family-name"}', headers={"content-type": kind})
        assert response.status_code == 415


def test_a_token_belongs_to_its_browser(counter, browser):
    """T233."""
    token = re.search(r'name="form_token" value="([^"]+)"', browser.page.text)[1]
    other = Browser(counter)
    other.get("/")
    response = other.go("POST", "/ask", data={"form_token": token, "use_case": "family-name"})
    assert response.status_code == 403


def test_the_cookie_is_for_this_service_alone(counter):
    """T236."""
    cookie = counter.http("GET", "/").headers["set-cookie"]
    assert cookie.startswith("__Host-")
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie


def test_a_browser_keeps_its_secret(counter, browser):
    before = dict(browser.cookies)
    browser.get("/")
    assert browser.cookies == before


def test_a_use_case_that_is_not_there_is_refused(browser):
    assert browser.press(use_case="other").status_code == 400
    assert "Back to the start" in browser.page.text
    browser.get("/")
    assert browser.press().status_code == 400


HOSTILE = """
id = "hostile"
[title]
en = '<script>alert(1)</script> " onmouseover="x'
[purpose]
en = "</p><img src=x onerror=alert(1)>"
[query]
credentials = [
  { id = "pid", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] }, claims = [{ path = ["family_name"] }] },
]
"""


def test_texts_and_values_are_only_texts(tmp_path, agency):
    """T235: in a use case, in a claim, in what a wallet says."""
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors, use_cases=[HOSTILE])
    browser = Browser(counter)
    pages = [browser.get("/"), browser.press(use_case="hostile")]
    address = browser.address()
    claims: JsonObject = {
        "family_name": '<img src=x onerror="alert(1)">',
        "given_name": "E",
        "age_equal_or_over": {"18": True},
    }
    shown(counter, browser.asked(), issue_held(agency, claims))
    pages.append(browser.get(address))
    for page in pages:
        assert set(scripts_of(page.text)) <= {"/static/page.js", "/static/wallets.js"}
        assert "<img src=x" not in page.text
        assert 'onmouseover="x' not in page.text
    assert "&lt;img src=x onerror=" in pages[2].text
    counter.close()


def test_a_picture_is_not_poured_over_the_page(tmp_path, agency):
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors)
    browser = Browser(counter)
    browser.get("/")
    browser.press(use_case="family-name")
    address = browser.address()
    claims: JsonObject = {"family_name": "x" * 50_000, "given_name": "E", "age_equal_or_over": {"18": True}}
    shown(counter, browser.asked(), issue_held(agency, claims))
    assert len(browser.get(address).text) < 10_000
    counter.close()


def test_our_own_trouble_is_told_as_ours(counter, browser):
    database = counter.store.database
    file = database.engine.url.database
    database.dispose()
    Path(file).write_bytes(b"no database any more" * 1000)
    page = browser.go("GET", "/r/any")
    assert page.status_code == 503
    assert "The fault is ours." in page.text


def test_links_are_those_of_the_settings(counter, browser):
    """T195, T239."""
    browser.headers["host"] = "evil.example"
    browser.headers["x-forwarded-host"] = "evil.example"
    assert "evil" not in browser.get("/").text
    assert "evil" not in browser.press(use_case="family-name").text
    assert "evil" not in browser.asked()
