"""Who may vouch for whom: trust anchors, each for a role and the types that it is entitled to."""
