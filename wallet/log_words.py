"""What a line of the log says, as a sentence."""

from __future__ import annotations

from collections.abc import Callable

from wallet.records import LogEntry


def sentence_of(words: Callable[..., str], entry: LogEntry) -> str:
    """What happened, without how it ended; `words` looks up a text in the user's language."""
    who = entry.party or entry.party_id or words("somebody unknown")
    if entry.in_person:
        who = words("%(who)s (in person)", who=who)
    what = ", ".join(dict.fromkeys(credential.name for credential in entry.credentials)) or words("something")
    sentence = {
        "received": words("You received %(what)s from %(who)s.", what=what, who=who),
        "renewed": words("%(who)s renewed %(what)s.", what=what, who=who),
        "not kept": words("%(who)s gave nothing that could be kept: %(what)s.", what=what, who=who),
        "sharing": words("You showed %(what)s to %(who)s.", what=what, who=who),
        "noted": words("You sent notes from a plan to %(who)s, for their form.", who=who),
        "declined": words("You said no to %(who)s.", who=who),
        "failed": words("A request of %(who)s failed.", who=who),
        "overasked": words("%(who)s asked for more than they registered for. Nothing of that was passed on.", who=who),
        "not registered": words("%(who)s asked without a registration that counts. Nothing was passed on.", who=who),
        "barred": words(
            "Somebody came in the name of %(who)s, with a proof that does not count any more. Nothing was passed on.",
            who=who,
        ),
        "not looked up": words(
            "Somebody came in the name of %(who)s. Your wallet could not look up whether their proof still counts."
            " Nothing was passed on.",
            who=who,
        ),
        "instructed": words("You told an office to forward %(what)s to %(who)s when it changes.", what=what, who=who),
        "stopped": words("You ended it: no office forwards %(what)s to %(who)s any more.", what=what, who=who),
        "arranged": words(
            "You arranged that your wallet prepares %(what)s for %(who)s when it changes.", what=what, who=who
        ),
        "unarranged": words("You ended it: your wallet no longer prepares %(what)s for %(who)s.", what=what, who=who),
        "wrote": words("You prepared a letter to %(who)s.", who=who),
        "complained": words("You prepared a complaint about %(who)s.", who=who),
        "deleted": words("You deleted %(what)s.", what=what),
        "restored": words("You put an older copy of this wallet back into use."),
        "log deleted": words("You deleted the log."),
        "vouched for": words("%(who)s vouches for this wallet.", who=who),
        "blocked": words("%(who)s has blocked this wallet.", who=who),
        "exported": words("You saved your activity to a file."),
        "imported": words("You brought in what another wallet of yours had written down."),
        "elsewhere": words("Something else happened there."),
    }.get(entry.action, entry.action)
    if entry.origin:
        sentence = words("In your earlier wallet: %(what)s", what=sentence)
    return sentence
