"""The door: who comes in, who does not, and when it closes."""

import pytest
from starlette.testclient import TestClient

from tests.wallet.counterparts import PASSPHRASE
from tests.wallet.web.visitor import LOCK_AFTER, URL, Served, words_of

# What anybody may see: it says nothing about what is in the wallet
FOR_EVERYBODY = {
    ("GET", "/create"), ("POST", "/create"), ("GET", "/unlock"), ("POST", "/unlock"), ("POST", "/lock"), ("GET", "/door"),
}  # fmt: skip
# Links from elsewhere begin here; their own tests say what is seen of a closed wallet
FROM_ELSEWHERE = {
    ("GET", "/credential-offer"), ("GET", "/authorize"), ("POST", "/from-page"), ("GET", "/callback"),
    ("GET", "/api/openapi.json"),
}  # fmt: skip


WITH_FILES = {"/settings/moving/import"}  # forms that are not urlencoded


def routes(served):
    """Every method and path of the wallet's own pages, as the router knows them."""
    [application] = served.switch._services.values()
    return {
        (method, route.path)
        for route in application.routes
        for method in (getattr(route, "methods", None) or ())
        if method != "HEAD" and not route.path.startswith(("/static", "/language/", "/healthz", "/readyz", "/metrics"))
    }


def test_pages_are_no_interface_for_programs(served):
    [application] = served.switch._services.values()
    assert application.openapi()["paths"] == {}


def filled(path):
    """A path with something in its gaps."""
    while "{" in path:
        before, _, rest = path.partition("{")
        gap, _, after = rest.partition("}")
        path = before + ("1" if gap.endswith(":int") else "x") + after
    return path


def test_no_page_of_the_wallet_is_seen_by_a_browser_that_did_not_open_it(served, citizen):
    """T230: every route there is, of an open wallet too"""
    stranger = served.visitor()
    stranger.get("/unlock")
    inside = routes(served) - FOR_EVERYBODY - FROM_ELSEWHERE
    assert len(inside) > 15
    for method, path in inside:
        answer = stranger.client.request(method, filled(path))
        if method == "GET":
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/unlock"), path
        else:
            assert answer.status_code == 401, path
            assert words_of(answer).startswith("Your wallet was locked meanwhile"), path


def test_no_form_is_taken_without_its_token(served, citizen):
    """T233: every form there is, from the browser that has the wallet open"""
    before = served.vault.log()
    forms = {path for method, path in routes(served) if method == "POST"}
    assert len(forms) > 8
    for path in forms:
        for form in ({"other": "x"}, {"form_token": "0" * 64}):
            files = {"file": ("x", b"x")} if path in WITH_FILES else None
            answer = citizen.client.post(filled(path), data=form, files=files)
            assert answer.status_code in (403, 404), path
            if "{" not in path:
                assert answer.status_code == 403, path
    assert served.vault.log() == before
    assert citizen.get("/").status_code == 200


@pytest.mark.parametrize(
    "header", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}]
)
def test_a_form_from_another_site_is_refused_even_with_a_token(citizen, header):
    """T233"""
    answer = citizen.client.post("/lock", data={"form_token": citizen.token("/")}, headers=header)
    assert answer.status_code == 403
    assert citizen.get("/").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1", "wallet.localhost.evil.example"])
def test_another_host_name_leads_nowhere(citizen, host):
    """T239: a name that somebody points at this machine"""
    answer = citizen.get("/", host=host)
    assert answer.status_code in (400, 404, 421)
    assert "Documents" not in answer.text


def test_a_browser_is_known_by_a_fresh_secret_after_unlocking(served):
    """T236"""
    visitor = served.visitor()
    visitor.get("/unlock")
    [before] = visitor.client.cookies.values()
    answer = visitor.unlock()
    [after] = visitor.client.cookies.values()
    assert before != after
    assert "httponly" in answer.headers["set-cookie"].lower()
    visitor.client.cookies.clear()
    visitor.client.cookies.set(next(iter(answer.cookies)), before)
    assert visitor.get("/").headers["location"] == "/unlock"


def test_who_knows_the_passphrase_takes_the_open_wallet_along(served, citizen):
    """T236"""
    other = served.visitor()
    assert other.unlock().headers["location"] == "/"
    assert other.get("/").status_code == 200
    assert citizen.get("/").status_code == 303


def test_who_does_not_know_it_takes_nothing_away_from_anybody(served, citizen):
    """T232: wrong tries elsewhere leave the user's window open"""
    stranger = served.visitor()
    assert stranger.unlock("wrong passphrase!").status_code == 401
    assert stranger.post("/lock").status_code == 303
    assert citizen.get("/").status_code == 200


def test_wrong_passphrases_take_longer_and_longer(served):
    """T217, T232"""
    visitor = served.visitor()
    first = [words_of(visitor.unlock("wrong passphrase!")) for _ in range(3)]
    assert all("This passphrase does not open the wallet" in text for text in first)
    assert "try again in 2 seconds" in words_of(visitor.unlock(PASSPHRASE))
    served.world.now += 2
    assert "does not open" in words_of(visitor.unlock("wrong passphrase!"))
    assert "try again in 4 seconds" in words_of(visitor.unlock("wrong passphrase!"))
    served.world.now += 4
    assert visitor.unlock(PASSPHRASE).status_code == 303


def test_a_wallet_closes_when_nobody_clicks(served, citizen):
    served.world.now += LOCK_AFTER - 1
    assert citizen.get("/door").json() == {"seconds": 1}
    assert citizen.get("/").status_code == 200
    assert citizen.get("/door").json() == {"seconds": LOCK_AFTER}
    served.world.now += LOCK_AFTER
    assert citizen.get("/door").json() == {"seconds": 0}
    assert citizen.get("/activity").headers["location"] == "/unlock?to=/activity"
    assert served.door._visit is None


def test_asking_how_long_it_stays_open_is_no_click(served, citizen):
    served.world.now += LOCK_AFTER - 1
    citizen.get("/door")
    served.world.now += 1
    assert citizen.get("/door").json() == {"seconds": 0}


def test_a_clock_that_ran_back_closes_it(served, citizen):
    """T229"""
    served.world.now -= 1
    assert citizen.get("/").status_code == 303


def test_unlocking_leads_back_to_the_page_and_to_none_of_anybody_else(served):
    """T097: no open redirect"""
    visitor = served.visitor()
    assert visitor.post("/unlock", passphrase=PASSPHRASE, to="/activity").headers["location"] == "/activity"
    for to in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"):
        assert visitor.post("/unlock", passphrase=PASSPHRASE, to=to).headers["location"] == "/"


def test_a_page_of_an_open_wallet_is_not_kept_by_browsers(citizen):
    for path in ("/", "/activity", "/settings", "/looks.css"):
        assert citizen.get(path).headers["cache-control"] == "no-store", path


@pytest.mark.parametrize("passphrase", ["short", "a" * 2000])
def test_a_passphrase_that_is_too_short_or_too_long_makes_no_wallet(tmp_path, monkeypatch, passphrase):
    """T217"""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    served = Served(tmp_path)
    visitor = served.visitor()
    answer = visitor.post("/create", page="/create", passphrase=passphrase, again=passphrase)
    assert "Nothing was made yet" in words_of(answer)
    assert not served.door.exists()


@pytest.mark.parametrize(("passphrase", "said"), [("three four", "is short"), ("passwortpasswort", "easy to guess")])
def test_a_weak_passphrase_is_called_weak_and_taken_if_the_user_insists(tmp_path, monkeypatch, passphrase, said):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    served = Served(tmp_path)
    visitor = served.visitor()
    answer = visitor.post("/create", page="/create", passphrase=passphrase, again=passphrase)
    assert said in words_of(answer)
    assert not served.door.exists()
    answer = visitor.post("/create", page="/create", passphrase=passphrase, again=passphrase, weak="yes")
    assert answer.headers["location"] == "/"
    assert visitor.get("/").status_code == 200
    served.door.close()


def test_a_wallet_is_made_once(served, citizen):
    """Two windows: the second finds that there is one."""
    answer = citizen.post("/create", page="/", passphrase="other words for it", again="other words for it")
    assert answer.headers["location"] == "/"
    assert served.visitor().get("/create").headers["location"] == "/"
    assert served.visitor().unlock().status_code == 303


def test_without_a_wallet_there_is_nothing_to_unlock(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    visitor = Served(tmp_path).visitor()
    assert visitor.get("/unlock").headers["location"] == "/create"
    assert visitor.post("/unlock", page="/create", passphrase=PASSPHRASE).headers["location"] == "/create"


def test_every_page_has_the_headers_that_keep_others_out(citizen):
    """T234: errors too"""
    for path in ("/", "/cards/none", "/nowhere", "/unlock"):
        headers = citizen.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert URL not in citizen.get("/nowhere").text


def test_what_nobody_foresaw_is_told_on_a_page(served, citizen, monkeypatch):
    """In plain words, and nothing of what went wrong."""

    def broken(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(type(served.door), "enter", broken)
    citizen.client = TestClient(citizen.client.app, base_url=URL, raise_server_exceptions=False)
    answer = citizen.get("/settings", accept="text/html", **{"accept-language": "en"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "Something went wrong on our side" in answer.text
    assert "My wallet" in answer.text
    assert "secret" not in answer.text
