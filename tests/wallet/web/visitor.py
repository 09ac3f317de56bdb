"""A person's browser in front of a wallet that runs without a network: it keeps cookies and posts forms that it was given."""

import re
from html import unescape

from starlette.testclient import TestClient

from runtime.anchors import write_anchor
from tests.wallet.counterparts import PASSPHRASE, QUICK, World
from wallet.app import WalletOpener, open_trusting
from wallet.config import WalletSettings
from wallet.vault.vault import Vault
from wallet.web.app import serve_wallet
from wallet.web.door import Door

URL = "http://wallet.localhost"
LOCK_AFTER = 300
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')
_TAG = re.compile(r"<[^>]*>")


class Visitor:
    """One browser."""

    def __init__(self, application, language="en"):
        self.client = TestClient(
            application, base_url=URL, follow_redirects=False, headers={"accept-language": language}
        )

    def get(self, path, **headers):
        """Look at a page."""
        return self.client.get(path, headers=headers)

    def token(self, path="/unlock"):
        """The token of the forms on a page."""
        return _TOKEN.search(self.get(path).text).group(1)

    def post(self, path, page="/unlock", **form):
        """Post a form of a page."""
        return self.client.post(path, data={"form_token": self.token(page), **form})

    def unlock(self, passphrase=PASSPHRASE):
        """Open the wallet."""
        return self.post("/unlock", passphrase=passphrase)

    def done(self, answer):
        """What the page says to which a form led."""
        assert answer.status_code == 303, words_of(answer)
        return words_of(self.get(answer.headers["location"]))


class Served:
    """A wallet that is served, with an agency and a partner that it can reach, and a clock that is moved by hand."""

    def __init__(self, folder, world=None, url=URL, **settings):
        self.world = world or World(None)
        self.settings = WalletSettings(data=folder, public_url=url, auto_lock_seconds=LOCK_AFTER, **settings)
        self.random_bytes = self.world.random_bytes
        trusted = (
            (self.world.agency.pki, "agency", "The ministry"),
            (self.world.partner.pki, "partner", "The register"),
        )
        for pki, file, name in trusted:
            write_anchor(self.settings.anchors_folder, f"{file}.pem", pki.root.pem, role=pki.role, name=name)
        opener = WalletOpener(self.settings, self.world, lambda: self.world.now)
        self.door = Door(opener, lambda: self.world.now, self.random_bytes, LOCK_AFTER)
        trusting = open_trusting(self.settings, now=lambda: self.world.now)
        self.switch = serve_wallet(self.door, public_url=url, random_bytes=self.random_bytes, trusting=trusting)

    def create(self):
        """Make an empty wallet, quickly."""
        Vault.create(self.settings.vault, PASSPHRASE, QUICK).close()

    def visitor(self, language="en"):
        """A browser that was never here."""
        return Visitor(self.switch, language)

    @property
    def vault(self):
        """The vault behind the open door."""
        return self.door._visit.opened.vault

    def wallet(self):
        """The services of the open wallet, driven by hand."""
        return self.door._visit.opened


def words_of(answer):
    """What a page says, without its tags, in one line."""
    body = answer.text.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    return " ".join(unescape(_TAG.sub(" ", body)).split())
