"""The search for secrets finds what is planted, wherever git keeps it, and leaves words alone."""

from __future__ import annotations

import random
import string
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.supply import leaks

Git = Callable[..., str]
_LETTERS = string.ascii_letters + string.digits


def drawn(count: int, letters: str = _LETTERS) -> str:
    """Nothing here may look like a secret in the source: the search reads it too."""
    return "".join(random.Random(count).choices(letters, k=count))


PLANTED = {
    "telegram": "123456789:" + drawn(35),
    "aws": "AKIA" + drawn(16, "ABCDEFGHIJKLMNOP234567"),
    "github": "ghp_" + drawn(36),
    "gitlab": "glpat-" + drawn(20),
    "slack": "xoxb-" + drawn(30),
    "google": "AIza" + drawn(35),
    "stripe": "sk_live_" + drawn(24),
    "pypi": "pypi-AgE" + drawn(60),
    "npm": "npm_" + drawn(36),
    "docker": "dckr_pat_" + drawn(27),
    "huggingface": "hf_" + drawn(34),
    "openai": "sk-proj-" + drawn(40),
    "jwt": f"eyJ{drawn(20)}.eyJ{drawn(40)}.{drawn(43)}",
    "private key": "-----BEGIN RSA PRIVATE " + "KEY-----\n" + drawn(64) + "\n",
    "password in a URL": f"redis://bot:{drawn(16)}@queue:6379/0",
    "assigned": "SEMBLANCE_SECRET=" + drawn(64, "0123456789abcdef"),
}


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Runs git in a repository with one commit."""
    who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]

    def run(*arguments: str) -> str:
        argv = ["git", *who, "-c", "commit.gpgsign=false", *arguments]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        run("init", "--quiet", "--initial-branch=main")
    except FileNotFoundError:
        pytest.skip("needs git")
    (tmp_path / "readme").write_text("Nothing to see.\n")
    run("add", "readme")
    run("commit", "--quiet", "--message", "Begin")
    return run


def test_the_checkout_and_its_whole_history_hold_no_secret() -> None:
    assert leaks.main() == 0


def test_every_fingerprint_that_is_allowed_has_a_reason() -> None:
    for mark, reason in leaks.known().items():
        assert len(mark) == 16, mark
        assert len(reason.split()) >= 3, mark


@pytest.mark.parametrize("form", PLANTED)
def test_a_secret_of_every_form_is_found_among_other_words(form: str) -> None:
    text = f"before\nkey: '{PLANTED[form]}'\nafter".encode()
    assert form in {found for found, _ in leaks.found_in(text)}


@pytest.mark.parametrize(
    "harmless",
    [
        "TELEGRAM_TOKEN=123456:...",
        "SEMBLANCE_SECRET=a-secret-for-compose-tests",
        'token = "1:a-token-that-no-telegram-knows"',
        "SEMBLANCE_SECRET: ${SEMBLANCE_SECRET:?put a line into .env}",
        "api_key = configuration.the_key_of_this_installation",
        "redis://:password@host:6379/0 and https://HOST:443/path@2x.png",
        "password: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1",
        "sha256:" + drawn(64, "0123456789abcdef"),
        "-----BEGIN PUBLIC KEY-----\n" + drawn(64),
    ],
)
def test_words_are_no_secrets(harmless: str) -> None:
    assert list(leaks.found_in(harmless.encode())) == []


def test_what_a_later_commit_removed_is_still_found(git: Git, tmp_path: Path) -> None:
    (tmp_path / "settings").write_text(PLANTED["telegram"])
    git("add", ".")
    git("commit", "--quiet", "--message", "Add settings")
    git("rm", "--quiet", "settings")
    git("commit", "--quiet", "--message", "Remove settings")
    (line,) = leaks.findings(tmp_path)
    assert "settings: telegram (" in line
    assert PLANTED["telegram"] not in line


def test_other_branches_messages_tags_and_merges_are_read(git: Git, tmp_path: Path) -> None:
    git("checkout", "--quiet", "-b", "side")
    (tmp_path / "side").write_text(PLANTED["aws"])
    git("add", ".")
    git("commit", "--quiet", "--message", "A side")
    git("checkout", "--quiet", "main")
    git("commit", "--quiet", "--allow-empty", "--message", f"Use {PLANTED['github']}")
    git("tag", "--annotate", "v1", "--message", PLANTED["gitlab"])
    git("merge", "--quiet", "--no-commit", "--no-ff", "side")
    (tmp_path / "readme").write_text(PLANTED["npm"])
    git("commit", "--quiet", "--all", "--message", "Merge, and a little more")
    found = " ".join(leaks.findings(tmp_path))
    assert all(form in found for form in ("aws", "github", "gitlab", "npm"))


def test_binary_files_and_what_is_not_committed_yet_are_read(git: Git, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(bytes(100) + PLANTED["google"].encode() + bytes(100))
    git("add", "weights")
    git("commit", "--quiet", "--message", "Add weights")
    (tmp_path / "notes").write_text(PLANTED["assigned"])
    (tmp_path / "readme").write_text(PLANTED["stripe"])
    found = sorted(leaks.findings(tmp_path), key=lambda line: line.split()[1])
    assert [line.split(" (")[0].split(" ", 1)[1] for line in found] == [
        "notes: assigned",
        "readme: stripe",
        "weights: google",
    ]


@pytest.mark.parametrize("name", [".env", "deploy/.env", "tls.key", "id_ed25519", "a/server.pem"])
def test_a_file_of_secrets_is_found_by_its_name(git: Git, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("whatever")
    git("add", "--force", name)
    git("commit", "--quiet", "--message", "Add it")
    (line,) = leaks.findings(tmp_path)
    assert f"{name}: a file that holds secrets" in line


def test_a_known_match_is_passed_over(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "example").write_text(PLANTED["slack"])
    mark = leaks.fingerprint(PLANTED["slack"].encode())
    known = tmp_path / "known"
    known.write_text(f"# a comment\n{mark} made up for this test\n")
    monkeypatch.setattr(leaks, "KNOWN", known)
    assert list(leaks.findings(tmp_path)) == []


def test_without_git_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(leaks.objects(tmp_path))


def test_a_shallow_clone_is_read_as_far_as_it_goes(git: Git, tmp_path: Path) -> None:
    git("commit", "--quiet", "--allow-empty", "--message", f"Use {PLANTED['docker']}")
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--depth", "1", tmp_path.as_uri(), str(clone))
    (line,) = leaks.findings(clone)
    assert "commit: docker" in line
