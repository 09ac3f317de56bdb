"""A wallet that follows a registrar."""

import pytest

from tests.wallet.service_town import ServiceWorld


@pytest.fixture
def town(vault, tmp_path):
    """A wallet in a small town; nothing was fetched yet."""
    return ServiceWorld(vault, tmp_path / "published")


@pytest.fixture
def there(town):
    """The same, with the catalogue there."""
    town.fetch()
    return town
