"""What all pages share: files that are nobody's secret, and nothing else."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from fastapi import Request

from runtime import pages
from runtime.asgi import create_application
from runtime.pages import STATIC, ForeignForm, Pages, serve_static
from tests.support.web import call


@asynccontextmanager
async def lifespan(_):
    yield


def ask(path):
    application = create_application(title="A", secure=True, lifespan=lifespan)
    serve_static(application)
    return asyncio.run(call(application, "GET", path))


def test_the_stylesheet_is_served():
    answer = ask("/static/hoheit.css")
    assert (answer.status, answer.body) == (200, (STATIC / "hoheit.css").read_bytes())
    assert answer.headers["cache-control"] == "public, max-age=300"


def test_pages_and_texts_of_a_shared_room_stand_behind_ones_own(tmp_path):
    own, room = tmp_path / "own", tmp_path / "room"
    for home, pages_of in (
        (own, {"base.html": "<b>{% block main %}{% endblock %}</b>", "mine.html": '{% extends "shared.html" %}'}),
        (
            room,
            {"shared.html": '{% extends "base.html" %}{% block main %}{{ _("Tree") }} {{ _("Sea") }}{% endblock %}'},
        ),
    ):
        for name, text in pages_of.items():
            (home / "templates").mkdir(parents=True, exist_ok=True)
            (home / "templates" / name).write_text(text)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    for home, texts in ((own, {"Tree": "Eiche"}), (room, {"Tree": "Baum", "Sea": "Meer"})):
        (home / "locale").mkdir()
        entries = "\n".join(f'msgid "{text}"\nmsgstr "{german}"\n' for text, german in texts.items())
        (home / "locale" / "de.po").write_text(head + entries)
    ours = Pages(own, room, public_url="https://a.example", secret=b"s" * 32)
    german = Request(
        {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [(b"accept-language", b"de")]}
    )
    assert ours.page(german, "mine.html").body == b"<b>Eiche Meer</b>"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pages.py",
        "/static/../../runtime/pages.py",
        "/static/..%2fpages.py",
        "/static/%2e%2e/pages.py",
        "/static/..\\pages.py",
        "/static//etc/passwd",
        f"/static/{STATIC.parent}/pages.py",
        "/static/",
        "/static",
        "/static/hoheit.css/..",
    ],
)
def test_no_other_file_is_served(path):
    """T240"""
    assert ask(path).status == 404
    assert b"import" not in ask(path).body


def test_a_link_out_of_the_folder_leads_nowhere(tmp_path, monkeypatch):
    """T240"""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "static" / "file").write_text("public")
    monkeypatch.setattr(pages, "STATIC", tmp_path / "static")
    assert ask("/static/file").body == b"public"
    assert ask("/static/link").status == 404


@pytest.mark.parametrize("cookie", [b"", b"__Host-other=a", b"hoheit=a"])
def test_a_browser_that_we_do_not_know_sends_no_forms(tmp_path, cookie):
    """T233: not even with the token that would be that of nobody."""
    ours = Pages(tmp_path, public_url="https://a.example", secret=b"s" * 32)
    request = Request({"type": "http", "headers": [(b"cookie", cookie)]})
    with pytest.raises(ForeignForm):
        ours.check_form(request, {"form_token": ours.form_token("")})
