"""The citizen's role: receives, keeps and presents credentials, and sees who did what with them."""
