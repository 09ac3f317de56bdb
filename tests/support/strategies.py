"""Inputs that a stranger could send, for property tests."""

from hypothesis import strategies as st

from protocol.cbor import DATE_TIME, ENCODED_CBOR, FULL_DATE, Tagged

json_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
json_values = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)

# What CBOR holds as we read it
cbor_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.dates().map(lambda day: Tagged(FULL_DATE, day.isoformat()))
)
cbor_values = st.recursive(
    cbor_scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=10) | st.integers(-(2**64), 2**64 - 1), inner, max_size=4)
        | st.builds(Tagged, st.sampled_from([DATE_TIME, FULL_DATE, ENCODED_CBOR]), inner)
    ),
    max_leaves=15,
)


def almost(good):
    """Objects that are good but for one or two members, which are any value or gone."""
    return st.dictionaries(st.sampled_from(sorted(good)), json_values | st.just(...), min_size=1, max_size=2).map(
        lambda changes: {name: value for name, value in {**good, **changes}.items() if value is not ...}
    )


def flip(data: bytes, bit: int) -> bytes:
    """The same bytes with one bit turned; `bit` counts from the first byte's lowest and wraps around."""
    position, shift = divmod(bit % (len(data) * 8), 8)
    return data[:position] + bytes((data[position] ^ (1 << shift),)) + data[position + 1 :]
