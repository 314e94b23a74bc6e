"""What strangers may send, tried against the real parts: URLs, pictures, requests.

    python -m tests.hostile [--write]

prints how many cases of each class were tried, refused and answered; `--write` puts that table into
docs/security.md.
"""
