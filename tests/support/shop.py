"""A counter of a shop with a printed code, a browser that was paired, and wallets in front of it."""

from protocol.errors import NotFound
from protocol.oid4vp.link import read_link
from protocol.oid4vp.request_object import ExpectedRequest, verify_request_object
from runtime.conversation import Load, SessionKey
from tests.support.verifier import HOST, answer_link, wallet_drive
from verifier.session import REQUEST


class Shop:
    """A counter with one paired browser, and wallets in front of it."""

    def __init__(self, counter, held, use_case="family-name"):
        self.counter, self.held, self.clock = counter, held, counter.clock
        self.counters, self.boards = counter.verifier.counters, counter.verifier.boards
        self.record = counter.run(self.counters.add("Entrance", [use_case], "command line"))
        self.id = self.record.id
        self.link = self.counters.link(self.record, use_case)
        self.browser = self.pair()

    def pair(self):
        offer = self.counter.run(self.counters.offer_pairing(self.id))
        return self.counter.run(self.counters.pair(self.id, offer.code))

    @property
    def reference(self):
        return read_link(self.link).request_uri.rpartition("/")[2]

    def scan(self, nonce=None):
        """What a wallet reads after it scanned the code."""
        text = self.counter.run(self.counters.ask(self.reference, nonce))
        expected = ExpectedRequest(read_link(self.link).client_id, wallet_nonce=nonce)
        exchange = verify_request_object(text, expected, anchors=self.counter.wallet_anchors, now=self.clock.now)
        return self.counter.run(exchange).request

    def answer(self, held=None):
        """Somebody scans and answers; the number that they see then, and the code of its page."""
        exchange = answer_link(self.link, held or self.held, anchors=self.counter.wallet_anchors, now=self.clock.now)
        delivery = wallet_drive(exchange, {HOST: self.counter.app})
        code = delivery.redirect_uri.partition("?response_code=")[2]
        return self.counter.run(self.boards.number(code)).number, code

    def attend(self, browser=None):
        return self.counter.run(self.boards.attend(self.id, browser or self.browser))

    def board(self):
        return self.counter.run(self.boards.board(self.id, self.browser))

    def next(self):
        self.counter.run(self.boards.next(self.id, self.browser, self.board().shown.request))

    def choose(self, number):
        self.counter.run(self.boards.choose(self.id, self.browser, number))

    def places(self):
        return self.counter.run(self.counters.standing(self.id)).places

    def stage(self, request):
        """What the store holds of a request."""
        return self.counter.store.load(Load(SessionKey.of(REQUEST, request), NotFound("gone")))
