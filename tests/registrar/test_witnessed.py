"""What a look at a partner makes of what was known: whatever it shows, heads only grow and a broken past stays broken."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ProtocolError
from protocol.fields import Fields
from protocol.sovereignty.log_heads import SignedHead
from protocol.sovereignty.merkle import TreeHead
from protocol.sovereignty.partner_directory import KEPT_HEADS, Witnessed
from protocol.sovereignty.usage import HOUR
from registrar.records import Partner
from registrar.witnessed import Sight, after_head, needs_proof, seen_of, sight_of, thinned, witnessed_of
from tests.protocol.sovereignty.logs import Log
from tests.support.pki import DAY, NOW

PARTNER = Partner("NTRDE-HRB 4711", "DE", "https://kino.example/cockpit", active=True)
HONEST, FORKED = Log(), Log(seed=2)
for _ in range(9):
    HONEST.hour()
    FORKED.hour()
looks = st.lists(
    st.tuples(st.sampled_from([HONEST, FORKED]), st.integers(0, 9), st.booleans()), min_size=1, max_size=12
)


def look(partner, log, blocks, proven, *, now):
    """One look, as the service does it; `proven`: with the proof that the log has, else with one for other leaves."""
    sight = sight_of(partner)
    signed = SignedHead(log.head(64 * blocks), now, f"{log.random_bytes}.{blocks}")
    try:
        growth = None
        if needs_proof(sight, signed):
            before = sight.witnessed.newest("2026").tree.size
            growth = (log if proven else FORKED).growth(before, signed.head.tree.size)
        return seen_of(partner, after_head(sight, signed, growth, now=now), None, now=now)
    except ProtocolError:
        return seen_of(partner, sight, None, now=now)


@given(looks)
def test_heads_only_grow_and_what_is_broken_stays_so(seen):
    partner, now = PARTNER, NOW
    for log, blocks, proven in seen:
        before, now = partner, now + HOUR
        partner = look(partner, log, blocks, proven, now=now)
        old, new = witnessed_of(before), witnessed_of(partner)
        assert new.newest("2026").tree.size >= old.newest("2026").tree.size
        assert len(new.heads) <= KEPT_HEADS
        if old.broken_since is not None:
            assert new.broken_since == old.broken_since
            assert partner.evidence == before.evidence
        # Without a lie, every head is of one log
        if new.broken_since is None:
            roots = {(head.tree.size, head.tree.root) for head in new.heads}
            own = [{(size, each.head(size).tree.root) for size in range(0, 577, 64)} for each in (HONEST, FORKED)]
            assert roots <= own[0] or roots <= own[1]
        else:
            assert partner.evidence != "[]"


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_an_honest_log_is_never_broken(sizes):
    partner, now = PARTNER, NOW
    for blocks in sorted(sizes):
        now += HOUR
        partner = look(partner, HONEST, blocks, proven=True, now=now)
        assert partner.broken_since is None
    assert witnessed_of(partner).newest("2026").tree.size == 64 * max(sizes)


def test_fifty_years_of_logs_are_no_more_than_a_directory_has_of_one():
    heads = tuple(
        [Log(year=f"{year}").hour().hour().head(size) for year in range(2027 - 50, 2028) for size in (64, 128)]
    )
    thin = thinned(Witnessed("https://x.example/c", heads), NOW + DAY)
    assert len(thin.heads) == 49 + 2 + 2
    assert Witnessed.from_fields(Fields(thin.to_dict(), "partner")) == thin


def test_the_empty_log_is_known_to_everybody():
    sight = Sight(witnessed_of(PARTNER), {})
    empty = SignedHead(Log().head(), NOW, "raw")
    assert empty.head.tree == TreeHead(0, empty.head.tree.root)
    assert not needs_proof(sight, empty)
    assert after_head(sight, empty, None, now=NOW).witnessed.broken_since is None
