"""A folder whose lists are followed, and who publishes them."""

import pytest

from runtime.anchors import AnchorFolder, write_list_of_lists
from tests.protocol.trust.lists import OPERATOR
from tests.runtime.trust_lists.publishing import PIDS, ROOT, Clock, Publisher, pids, root


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def published():
    publisher = Publisher()
    publisher.publish(ROOT, root())
    publisher.publish(PIDS, pids())
    return publisher


@pytest.fixture
def folder(tmp_path):
    write_list_of_lists(tmp_path, ROOT, OPERATOR.pem)
    return tmp_path


@pytest.fixture
def followed(folder, clock):
    """The folder as a service sees it; each look is a second later."""
    elapsed = iter(range(10_000))
    return AnchorFolder(folder, clock, elapsed=lambda: float(next(elapsed)))
