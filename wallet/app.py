"""Wiring: settings → vault, trust anchors, sender, clock → wallet.

Driven by a program, a credential is received and presented like this:

    with open_wallet(settings, passphrase) as opened:
        wallet = opened.wallet
        seen = opened.run(wallet.receiving.look(link))            # who, what: seen.consent
        pending = opened.run(wallet.receiving.take(seen, tx_code))
        arrived = opened.run(wallet.receiving.fetch(pending, seen.contact))  # data in sight: arrived.documents
        kept = opened.run(wallet.receiving.keep(arrived))

        asked = opened.run(wallet.presenting.look(link))          # who asks for what: asked.consent
        shared = opened.run(wallet.presenting.share(asked, asked.default_choice()))

Inside a running event loop it is `await opened.driver.run(…)` instead of `opened.run(…)`. An offer that needs a login
(`seen.consent.needs_login`) takes `wallet.login.begin` and `wallet.login.finish` in place of `take`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version

from protocol.keys import RandomBytes
from protocol.oid4vp.answer import RequestPolicy
from protocol.oid4vp.client_id import Prefix
from protocol.sovereignty.published import MAX_PUBLISHED
from protocol.trust.anchors import TrustAnchors
from runtime import system
from runtime.anchors import AnchorFolder
from runtime.driver import Driver
from runtime.hosts import HostSwitch
from runtime.http import GuardedSender, Sender, SenderLimits
from runtime.key_token import check_token, open_token
from runtime.seal import DamagedError
from runtime.trust_lists.renewing import Renewal
from wallet.config import WalletSettings
from wallet.keys import DeviceKeys, SealedKeys, TokenKeys, token_label
from wallet.records import Kept, keys_of
from wallet.service import Wallet
from wallet.service.context import NOBODY, WalletContext, entry_of
from wallet.service.opened import OpenWallet
from wallet.service.published import Published
from wallet.service.trusting import Trusting
from wallet.vault.passphrase import KeyDerivation
from wallet.vault.published import PublishedFolder
from wallet.vault.vault import Vault
from wallet.web.app import serve_wallet
from wallet.web.door import Door
from wallet.web.following import following

FETCH_SECONDS = 60.0  # for one document of the registrar


def create_wallet(settings: WalletSettings, passphrase: str, derivation: KeyDerivation | None = None) -> None:
    """Make an empty wallet in the data folder.

    Raises:
        FileExistsError: there is one already; nothing was changed.
        WrongPassphrase: the passphrase is too short or too long.
        TokenError: its keys shall live in a token, and that is away.
    """
    check_token(settings.key_token)
    Vault.create(settings.vault, passphrase, derivation).close()


def open_wallet(
    settings: WalletSettings,
    passphrase: str,
    sender: Sender | None = None,
    *,
    now: Callable[[], int] = system.now,
    random_bytes: RandomBytes = system.random_bytes,
    published: Published | None = None,
) -> OpenWallet:
    """Open the wallet of a data folder. `published` is what follows its registrar while it is closed, if something does.

    Raises:
        FileNotFoundError: there is none.
        InUse: another program has it open.
        WrongPassphrase: the wrong one, or too soon after a wrong one.
        DamagedError: the wallet file was altered, or is an older copy.
        Malformed: the folder of trust anchors is wrong.
    """
    policy = RequestPolicy.haip() if settings.haip else RequestPolicy()
    if settings.accept_unsigned_requests:
        policy = replace(policy, prefixes=policy.prefixes | {Prefix.REDIRECT_URI})
    folder, extra = _anchor_folders(settings, now)
    anchors = _anchors(folder, extra)
    renewal = Renewal(folder, now)
    vault = Vault.open(settings.vault, passphrase, now=now())
    keys = open_device_keys(settings, random_bytes)
    if not vault.damaged():
        # What cannot be read may come back from a backup, and would need its keys
        keys.tidy(_keys_in(vault))
    found = published or open_published(settings, now=now)
    context = WalletContext(
        store=vault,
        keys=keys,
        anchors=anchors,
        registers=lambda: (*folder.registers(), *(extra.registers() if extra is not None else ())),
        renew_trust=renewal.when_due,
        now=now,
        random_bytes=random_bytes,
        client_id=settings.client_id,
        request_policy=policy,
        language=settings.language,
        allow_local=settings.env.allows_local,
        haip=settings.haip,
        strict=settings.strict or settings.haip,
        provider_url=settings.provider_url,
        version=version("hoheit"),
        relay=settings.relay,
        published=found,
        directory=found.directory,
    )
    driver = Driver(
        None,
        sender or GuardedSender(allow_local=settings.env.allows_local),
        works_in_thread=not keys.in_memory,
    )
    return OpenWallet(Wallet.of(context), driver, vault, renewal)


def open_published(settings: WalletSettings, *, now: Callable[[], int] = system.now) -> Published:
    """What the registrar publishes, as far as it is known; the vault stays closed."""
    folder = PublishedFolder(settings.published, MAX_PUBLISHED)
    trusted, extra = _anchor_folders(settings, now)
    renewal = Renewal(trusted, now)
    return Published(
        folder, settings.registrar_url, _anchors(trusted, extra), now, renewal.when_due, jitter=half_longer
    )


def half_longer(seconds: int) -> int:
    """Up to half as long again, by fresh chance."""
    return int.from_bytes(system.random_bytes(4), "big") % (seconds // 2 + 1)


def open_device_keys(settings: WalletSettings, random_bytes: RandomBytes) -> DeviceKeys:
    """Where the wallet of a data folder has its keys. A token that is away is no reason not to look at what is held.

    Raises:
        TokenError: keys in a token need an extra that is not installed.
    """
    access = settings.key_token
    if access is None:
        return SealedKeys(random_bytes)
    return TokenKeys(open_token(access), token_label(settings.data, random_bytes), random_bytes)


def _keys_in(vault: Vault) -> frozenset[str]:
    unit = vault.unit()
    records: list[Kept] = [*vault.credentials(), *vault.pending(), *([unit] if unit is not None else [])]
    return frozenset[str]().union(*map(keys_of, records))


@dataclass(frozen=True, slots=True)
class WalletOpener:
    """How the wallet of a data folder is made and opened; see `wallet.web.door.Opener`."""

    settings: WalletSettings
    sender: Sender | None = None
    now: Callable[[], int] = system.now
    published: Published | None = None

    def exists(self) -> bool:
        """Whether there is one."""
        return self.settings.vault.exists()

    def create(self, passphrase: str) -> None:
        """Make an empty one; see `create_wallet`."""
        create_wallet(self.settings, passphrase)

    def open(self, passphrase: str) -> OpenWallet:
        """Open it; see `open_wallet`. Its activity is read now, in the time that the passphrase takes, and not with a page."""
        opened = open_wallet(self.settings, passphrase, self.sender, now=self.now, published=self.published)
        with suppress(DamagedError):
            opened.wallet.cockpit.timeline()
        return opened


def create_web(settings: WalletSettings, sender: Sender | None = None) -> HostSwitch:
    """The application that serves the wallet of a data folder to its user's browser.

    Raises:
        TokenError: its keys live in a token, and that is away.
    """
    check_token(settings.key_token)
    published = open_published(settings)
    opener = WalletOpener(settings, sender, published=published)
    door = Door(opener, system.now, system.random_bytes, settings.auto_lock_seconds)
    # A catalogue is larger than anything else that is fetched
    patient = GuardedSender(allow_local=settings.env.allows_local, limits=SenderLimits(total_seconds=FETCH_SECONDS))
    return serve_wallet(
        door,
        public_url=settings.public_url,
        random_bytes=system.random_bytes,
        trusting=open_trusting(settings),
        following=following(published, Driver(None, sender or patient)),
        in_background=settings.renew,
    )


def restore_wallet(settings: WalletSettings, passphrase: str, *, now: Callable[[], int] = system.now) -> None:
    """Take a wallet file that was put back from a backup into use; all its copies count as shown.

    Raises:
        FileNotFoundError, InUse, WrongPassphrase, DamagedError: as for `open_wallet`.
    """
    note = entry_of(now(), "restored", NOBODY, "done")
    Vault.restore(settings.vault, passphrase, now=now(), note=note).close()


def open_trusting(settings: WalletSettings, *, now: Callable[[], int] = system.now) -> Trusting:
    """Whom the wallet of a data folder trusts; its vault stays closed."""
    return Trusting(settings.anchors_folder, now)


def _anchor_folders(settings: WalletSettings, now: Callable[[], int]) -> tuple[AnchorFolder, AnchorFolder | None]:
    extra = AnchorFolder(settings.extra_anchors, now) if settings.extra_anchors is not None else None
    return AnchorFolder(settings.anchors_folder, now), extra


def _anchors(folder: AnchorFolder, extra: AnchorFolder | None) -> Callable[[], TrustAnchors]:
    if extra is None:
        return folder.current

    def both() -> TrustAnchors:
        one, other = folder.current(), extra.current()
        return TrustAnchors((*one.anchors, *other.anchors), (*one.identifiers, *other.identifiers))

    return both
