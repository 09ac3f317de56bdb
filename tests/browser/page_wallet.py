"""Chromium's virtual wallet (CDP `DigitalCredentials`), which says what our wallet's own code made of a page's request."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from protocol.encoding import JsonObject
from protocol.exchange import run
from protocol.oid4vp.answer import RequestPolicy
from protocol.oid4vp.dc_api import PageRequest
from protocol.trust.anchors import TrustAnchors
from runtime.conversation import Slow
from tests.browser.library import Library
from tests.support.browser import Window
from tests.support.pki import seeded
from tests.support.verifier import Held
from tests.wallet.counterparts import PASSPHRASE, QUICK
from tests.wallet.counterparts import held as held_record
from wallet.keys import SealedKeys
from wallet.records import Copy, HeldCredential
from wallet.service import Wallet
from wallet.service.context import WalletContext
from wallet.vault.vault import Vault

# What the page hands to its browser is noted on the way, and handed on as it is
_NOTE = """(() => {
  if (!window.CredentialsContainer) return;
  for (const name of ["get", "create"]) {
    const real = CredentialsContainer.prototype[name];
    CredentialsContainer.prototype[name] = function (options) {
      window.handedOver = JSON.stringify({ ...options, signal: undefined });
      return real.call(this, options);
    };
  }
})()"""


class VirtualWallet:
    """The wallet that Chromium has for tests; what it says is what it is told to say."""

    def __init__(self, window: Window) -> None:
        self.window = window
        window.context.add_init_script(_NOTE)
        self._browser = window.context.new_cdp_session(window.page)

    def will_say(self, protocol: str, data: JsonObject) -> None:
        """The virtual wallet says this."""
        self._behave(action="respond", protocol=protocol, response=data)

    def will_decline(self) -> None:
        """The user closes the browser's question."""
        self._behave(action="decline")

    def will_wait(self) -> None:
        """The user does not decide."""
        self._behave(action="wait")

    def handed_over(self) -> Any:
        """What the page called the browser with."""
        return self.window.page.evaluate("JSON.parse(window.handedOver)")

    def _behave(self, **how: object) -> None:
        self._browser.send("DigitalCredentials.setVirtualWalletBehavior", how)


class PageWallet(VirtualWallet):
    """Our wallet behind the browser: it looks at a request, and what it answers the virtual wallet says."""

    def __init__(self, window: Window, wallet: Wallet, vault: Vault) -> None:
        super().__init__(window)
        self.wallet = wallet
        self.vault = vault

    def answers(self, request: JsonObject, origin: str) -> JsonObject:
        """The user says yes to what a page of this origin asks; the data that the page is to get."""
        data = request["data"]
        assert isinstance(data, dict)
        seen = self._run(self.wallet.pages.look(PageRequest(str(request["protocol"]), data, origin)))
        answer: JsonObject = self._run(self.wallet.pages.share(seen, seen.default_choice()))
        return answer

    def will_share(self, request: JsonObject) -> None:
        """The virtual wallet says what ours says to the page that is open: the browser knows its origin."""
        origin = self.window.page.evaluate("location.origin")
        self.will_say(str(request["protocol"]), self.answers(request, origin))

    def _run(self, exchange: Any) -> Any:
        def perform(effect: object) -> object:
            assert isinstance(effect, Slow), "our wallet needs no network for this"
            return effect.call()

        return run(exchange, perform)


@contextmanager
def page_wallet(
    window: Window,
    library: Library,
    folder: Path,
    *held: Held,
    haip: bool = False,
    licences: Sequence[HeldCredential] = (),
) -> Iterator[PageWallet]:
    """A wallet with documents, behind the window's browser; it can do what the library's counter asks for."""
    counter = library.counter
    trusted = counter.wallet_anchors
    anchors = TrustAnchors([*trusted.anchors, library.agency.anchor], trusted.identifiers)
    with Vault.create(folder / "wallet.db", PASSPHRASE, QUICK) as vault:
        records = [
            replace(held_record(f"one-{i}"), copies=(Copy(one.raw, one.holder.to_scalar().hex(), 0),))
            for i, one in enumerate(held or (library.held,))
        ]
        vault.write(put=[*records, *licences])
        context = WalletContext(
            store=vault,
            anchors=lambda: anchors,
            now=counter.clock,
            random_bytes=seeded(80),
            keys=SealedKeys(seeded(81)),
            client_id="test-wallet",
            request_policy=RequestPolicy.haip() if haip else RequestPolicy(),
            haip=haip,
        )
        yield PageWallet(window, Wallet.of(context), vault)
