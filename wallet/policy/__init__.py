"""The wallet's pure decisions: what its user is shown, what is accepted, which copy is given away."""
