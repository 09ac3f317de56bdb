"""The pages of services. No address of theirs says which service or life event somebody looks at."""
