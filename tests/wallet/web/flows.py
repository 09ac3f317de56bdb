"""What a citizen does with links and pages, in tests of receiving and presenting."""

from tests.wallet.web.visitor import words_of

ADD = "/add"


def paste(citizen, link):
    """Paste a link; the page that it leads to."""
    found = citizen.post(ADD, page=ADD, link=link)
    assert found.status_code == 303, words_of(found)
    return found.headers["location"]


def say(citizen, page, answered, path=None, **more):
    """Say yes or no on a page."""
    return citizen.post(path or page, page=page, answer=answered, **more)


def follow(citizen, response):
    """The page that a form led to in the end."""
    while response.status_code == 303:
        response = citizen.get(response.headers["location"])
    return response


def receive(served, citizen, **offer):
    """Say yes to an offer; the page with what came."""
    return say(citizen, paste(citizen, served.world.agency.offer(**offer)), "yes").headers["location"]
