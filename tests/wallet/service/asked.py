"""What an agency was asked."""

from urllib.parse import urlsplit


def paths(agency):
    """What was asked for, in order."""
    return [urlsplit(request.url).path for request in agency.seen]
