"""The definitions of RFC 9162 §2.1.1, §2.1.3.1 and §2.1.4.1, word by word: slow, and independent of how we keep a tree."""

import hashlib


def mth(d):
    """The root of these data."""
    if not d:
        return hashlib.sha256().digest()
    if len(d) == 1:
        return hashlib.sha256(b"\0" + d[0]).digest()
    k = largest(len(d))
    return hashlib.sha256(b"\1" + mth(d[:k]) + mth(d[k:])).digest()


def path(m, d):
    """The inclusion proof of number m."""
    if len(d) == 1:
        return []
    k = largest(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m, d, whole):
    """The consistency proof from the first m, where `whole` begins as true."""
    if m == len(d):
        return [] if whole else [mth(d)]
    k = largest(len(d))
    return [*subproof(m, d[:k], whole), mth(d[k:])] if m <= k else [*subproof(m - k, d[k:], False), mth(d[:k])]


def largest(n):
    """The largest power of two below n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def root_over(hashes):
    """The root where the leaf hashes are known and what they are hashes of is not."""
    if len(hashes) == 1:
        return hashes[0]
    k = largest(len(hashes))
    return hashlib.sha256(b"\1" + root_over(hashes[:k]) + root_over(hashes[k:])).digest()
