"""What is kept of what a document says: keyed digests, by which a change of the register is seen and nothing else."""

import hashlib
import hmac

from sqlalchemy import update

from issuer.database.tables import said_claims
from issuer.renewal import Fate, read_said, write_said
from protocol.encoding import encode_base64url, encode_json
from tests.issuer.service.test_changes import fates, issue, patch, renew


def test_nothing_of_what_a_document_says_is_kept(desk, wallet):
    """T142: digests are keyed, and differ from one batch to the next."""
    tokens = issue(desk, wallet)
    renew(desk, wallet, tokens)
    one, other = desk.store.live_batches("anna", now=desk.clock.now)
    assert set(read_said(one.digests).values()).isdisjoint(read_said(other.digests).values())
    assert "Anna" not in one.digests + other.digests


def test_what_an_older_program_kept_of_a_document_still_tells_whether_it_is_true(desk, wallet):
    issue(desk, wallet)
    [batch] = desk.store.live_batches("anna", now=desk.clock.now)
    context = desk.issuer.context
    claims = context.types["member"].claims_for(desk.run(context.register.fetch("anna")), now=desk.clock.now)

    def older(path):
        value = claims
        for name in path:
            value = value[name]
        text = "\0".join(("said", encode_json([batch.said, *path]).decode(), encode_json(value).decode()))
        return encode_base64url(hmac.new(context.secret, text.encode(), hashlib.sha256).digest())[:22]

    kept = write_said({path: older(path) for path in read_said(batch.digests)})
    with desk.store.database.engine.begin() as connection:
        connection.execute(update(said_claims).where(said_claims.c.id == batch.said).values(digests=kept))
    assert fates(patch(desk, {"points": claims["points"]})) == [("member", Fate.SAME)]
    [told] = patch(desk, {"points": claims["points"] + 1})
    assert (told.fate, told.changed) == (Fate.REPLACED, (("points",),))
