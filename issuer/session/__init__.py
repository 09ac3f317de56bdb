"""The conversations of an issuer: from an offer or a pushed request to issued credentials, as stages and pure steps.

    Offered ──redeem_offer──────────────────────────────────────┐
    Invited ──push──► Pushed ──visit──► Visited ──grant──► Granted ──redeem_code──► Issuing ─► (issue, renew, notify)* ─► Ended

Beside them stands the desk: which clerk is signed in (`capabilities.accounts.session`).

Steps neither read the clock nor draw random values: what is new comes in as a parameter.
"""
