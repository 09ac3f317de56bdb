"""The wallet in a browser, on the citizen's own machine."""
