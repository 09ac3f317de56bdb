"""OAuth 2.0 as our protocols use it: server metadata, pushed requests, PKCE, DPoP."""
