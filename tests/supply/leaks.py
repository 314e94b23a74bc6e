"""Looks for secrets in all that git keeps: every file of every commit, every message.

    python -m tests.supply.leaks

What was committed once stays in every clone, whatever a later commit removes: so each object is
read once, of whichever commit, instead of the newest tree. Of a shallow clone that is what it has.
Files that are not yet committed are read as well, so that it need not come to that. A match that is
no secret (a test's, a documentation's) stands with its reason in `known.txt`, by its fingerprint.

Exits with 0, or with 1 after a line for every finding; the secret itself is not printed.
"""

from __future__ import annotations

import hashlib
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from utils.settings import ROOT

KNOWN = Path(__file__).with_name("known.txt")
# What each issuer's secrets look like, as it documents them. Each starts with something fixed: that
# makes the search ten times faster.
_FORMS = {
    "telegram": rb":[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])(?<=[0-9]{8}.{36})",
    "aws": rb"A(?:KIA|SIA)[A-Z2-7]{16}(?![A-Z0-9])",
    "github": rb"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,}",
    "gitlab": rb"glpat-[A-Za-z0-9_-]{20,}",
    "slack": rb"xox[abeoprs]-[A-Za-z0-9-]{20,}",
    "google": rb"AIza[A-Za-z0-9_-]{35}",
    "stripe": rb"[rs]k_live_[A-Za-z0-9]{20,}",
    "pypi": rb"pypi-AgE[A-Za-z0-9_-]{40,}",
    "npm": rb"npm_[A-Za-z0-9]{36}",
    "docker": rb"dckr_pat_[A-Za-z0-9_-]{20,}",
    "huggingface": rb"hf_[A-Za-z0-9]{30,}",
    "openai": rb"sk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,}",
    "jwt": rb"eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "private key": rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----\s+[A-Za-z0-9+/=\s:,-]{64}",
    "password in a URL": rb"://[A-Za-z0-9._-]*:[^\s:/@\"'`<>{}$()]{12,}@[A-Za-z0-9]",
}
_PATTERNS = {form: re.compile(pattern) for form, pattern in _FORMS.items()}
# Any other, by what it is called; in text alone.
_ASSIGNED = re.compile(
    rb"(?:secret|token|passw(?:or)?d|api_?keys?)[\"']?[ \t]*[:=][ \t]*[\"']?"
    rb"([A-Za-z0-9+/_=-]{24,})",
    re.IGNORECASE,
)
_SECRET_FILE = re.compile(
    r"(?:^|/)(?:\.env|id_(?:rsa|ecdsa|ed25519)|[^/]+\.(?:pem|key|p12|pfx|jks))$"
)
# Bits a character from which a value looks drawn by lot; words and names stay below.
_DRAWN = 3.9


def fingerprint(secret: bytes) -> str:
    """What stands for a match in `known.txt`."""
    return hashlib.sha256(secret).hexdigest()[:16]


def found_in(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The secrets in a text, each with the name of its form."""
    for form, pattern in _PATTERNS.items():
        for match in pattern.finditer(content):
            yield form, match[0]
    # As git tells text from anything else.
    if b"\0" not in content[:8000]:
        for match in _ASSIGNED.finditer(content):
            if _is_drawn(match[1]):
                yield "assigned", match[1]


def _is_drawn(value: bytes) -> bool:
    counts = Counter(value).values()
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
    # Of sixteen hexadecimal digits no more than four bits are to be had, and seldom all of them.
    floor = 3.2 if re.fullmatch(rb"[0-9a-fA-F]+", value) else _DRAWN
    return bits >= floor and any(48 <= each <= 57 for each in value)


def known() -> dict[str, str]:
    """The matches that are none, with the reason of each."""
    lines = (line.split(None, 1) for line in KNOWN.read_text().splitlines())
    return {parts[0]: parts[1] for parts in lines if parts and parts[0] != "#"}


def objects(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every object that a ref or the work tree leads to: where it is, and its content.

    Raises `FileNotFoundError` where there is no git, or no repository.
    """
    try:
        listed = _git(root, "rev-list", "--objects", "--all", "HEAD")
    except (OSError, subprocess.CalledProcessError):
        raise FileNotFoundError(root) from None
    paths = dict(line.partition(" ")[::2] for line in listed.decode().splitlines())
    batch = subprocess.Popen(
        ["git", "cat-file", "--batch"], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert batch.stdin is not None
    assert batch.stdout is not None
    with batch:
        for name, path in paths.items():
            batch.stdin.write(f"{name}\n".encode())
            batch.stdin.flush()
            _, kind, size = batch.stdout.readline().split()
            content = batch.stdout.read(int(size) + 1)
            if kind != b"tree":
                yield f"{name[:12]} {path or kind.decode()}", content
        batch.stdin.close()
    changed = _git(root, "ls-files", "-z", "--modified", "--others", "--exclude-standard")
    for each in filter(None, changed.decode().split("\0")):
        if (root / each).is_file():
            yield f"uncommitted {each}", (root / each).read_bytes()


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True).stdout


def findings(root: Path) -> Iterator[str]:
    """A line for every secret that is not known to be none."""
    allowed = known()
    for where, content in objects(root):
        path = where.partition(" ")[2]
        if _SECRET_FILE.search(path) and fingerprint(content) not in allowed:
            yield f"{where}: a file that holds secrets ({fingerprint(content)})"
        for form, secret in found_in(content):
            if fingerprint(secret) not in allowed:
                yield f"{where}: {form} ({fingerprint(secret)})"


def main() -> int:
    """Print what was found; 1 where that was anything."""
    try:
        found = list(findings(ROOT))
    except FileNotFoundError:
        print("secrets: not looked for, as this is no git checkout")
        return 0
    for line in found:
        print(line)
    print(f"secrets: {len(found) or 'none'} found in all that git keeps")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
