"""A browser without a screen: it keeps its cookies, fills in our forms, and has a wallet at its side."""

import re
from html import unescape

from tests.support.verifier import HOST, IDENTIFIER, answer_link, wallet_drive


class Browser:
    """A browser that keeps its cookies and fills in our forms."""

    def __init__(self, counter, language="en"):
        self.counter = counter
        self.cookies = {}
        self.headers = {"accept-language": language}
        self.page = None

    def go(self, method, path, **how):
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {**self.headers, **({"cookie": cookie} if cookie else {}), **how.pop("headers", {})}
        self.page = self.counter.http(method, path.removeprefix(IDENTIFIER), headers=headers, **how)
        self.cookies.update(self.page.cookies)
        return self.page

    def get(self, path):
        page = self.go("GET", path)
        return self.get(page.headers["location"]) if page.status_code == 303 else page

    def press(self, to="/ask", **fields):
        """Send the form on this page."""
        token = re.search(r'name="form_token" value="([^"]+)"', self.page.text)[1]
        form = {"form_token": token, **fields}
        page = self.go("POST", to, data=form, headers={"origin": IDENTIFIER, "sec-fetch-site": "same-origin"})
        return self.get(page.headers["location"]) if page.status_code == 303 else page

    def address(self):
        return str(self.page.url)

    def state(self):
        """What the page says of itself, for the stream of events."""
        found = re.search(r'<main id="main"(?: data-live="([^"]+)")? data-state="([^"]+)"', self.page.text)
        return found.groups() if found else None

    def link(self):
        return unescape(re.search(r'href="(openid4vp:[^"]+)"', self.page.text)[1])

    def asked(self):
        """The link behind the code on this page."""
        code = re.search(r'src="([^"]+qr\.svg)"', self.page.text)[1]
        reference = code.split("/")[2]
        return self.counter.run(self.counter.verifier.requests.link_of_reference(reference))


def shown(counter, link, held):
    exchange = answer_link(link, held, anchors=counter.wallet_anchors, now=counter.clock.now)
    return wallet_drive(exchange, {HOST: counter.app})
