"""Forms as a browser sends them, and what people type into the long one."""

import html
import re

from tests.support.registrar import URL

FROM_OUR_PAGE = {"origin": URL, "sec-fetch-site": "same-origin"}

TYPED = {
    "person": "legal",
    "legal_name": "Kino Capitol GmbH",
    "trade_name": "Kino Capitol",
    "country": "DE",
    "identifier_kind": "NTR",
    "identifier": "HRB 4711",
    "service_en": "Cinema",
    "info_uri": "kino.example",
    "email": "hallo@kino.example",
    "phone": "+49 30 1234",
    "street": "Lindenweg 1",
    "postal_code": "01234",
    "locality": "Lindenau",
    "authority": "be",
    "asks": "yes",
    "use1_purpose_en": "We check whether you may see the film.",
    "use1_pid_age_equal_or_over.18": "yes",
    "use1_law": "b",
    "use1_law_more": "§ 11 JuSchG",
    "use1_retention_days": "0",
    "use1_privacy_policy": "https://kino.example/privacy",
    "do": "send",
}


def filled(page, action="", **fields):
    """The hidden fields of a form of a page, by the end of its address, and more fields."""
    [form] = re.findall(rf'<form[^>]*action="[^"]*{re.escape(action)}"[^>]*>(.*?)</form>', page.text, re.DOTALL)[:1]
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {**{name: html.unescape(value) for name, value in hidden}, **fields}


def post(http, address, form, **headers):
    return http.post(address, data=form, headers={**FROM_OUR_PAGE, **headers})


def upload(http, address, form, file=b"", **headers):
    files = {name: (None, value) for name, value in form.items()} | {"file": ("x", file)}
    return http.post(address, files=files, headers={**FROM_OUR_PAGE, **headers})


def apply(http, **typed):
    """Apply by form."""
    return post(http, "/apply", filled(http.get("/apply"), "/apply", **{**TYPED, **typed}))


def key_of(http):
    """The key that is shown after an application."""
    return re.findall(r"data-key>([^<]+)<", http.get("/application/key").text)[0]
