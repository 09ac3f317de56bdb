"""Pages for people: for everybody, for those who apply, and for operators."""
