"""What a clerk reads when a document ended with its wallet."""

from html import unescape

import pytest

from issuer.policy import CHECK_SECONDS
from tests.issuer.service.test_attested_keys import member
from tests.issuer.web.test_desk import QUICK, sign_in
from tests.support.issuer import Clock, make_issuer
from tests.support.wallet_provider import KEYS_PLACE, WALLET_PLACE, AttestedWallet, WalletProvider

SENTENCES = {
    WALLET_PLACE: (
        "The wallet that holds it was blocked by its provider",
        "Die Wallet, in der er liegt, wurde von ihrem Anbieter gesperrt",
    ),
    KEYS_PLACE: (
        "The wallet's keys are not safe any more, says its provider",
        "Die Schlüssel der Wallet sind nicht mehr sicher, sagt ihr Anbieter",
    ),
}


@pytest.mark.parametrize("place", list(SENTENCES), ids=["wallet", "keys"])
@pytest.mark.parametrize(
    ("language", "number", "who"), [("en", 0, "Daily check of wallets"), ("de", 1, "Tägliche Prüfung der Wallets")]
)
def test_the_desk_shows_why_a_document_ended(*, place, language, number, who):
    provider = WalletProvider(Clock())
    desk = make_issuer(
        types={"member": member()}, clock=provider.clock, outside=provider, anchors=provider.anchors
    ).with_policy(desk=QUICK)
    wallet = AttestedWallet(desk, provider=provider)
    wallet.issue_attested(wallet.redeem(desk.offer("member")))
    provider.entries[place] = 1
    desk.clock.move(CHECK_SECONDS)
    desk.run(desk.issuer.watch.look())
    [document] = desk.store.documents(limit=9)
    with desk.browser() as http:
        sign_in(http, desk.clerk_code())
        headers = {"accept-language": language}
        page = http.get(f"/desk/documents/{document.id}", headers=headers).text
        trail = http.get("/desk/audit", headers=headers).text
    for text in map(unescape, (page, trail)):
        assert SENTENCES[place][number] in text
        assert who in text
