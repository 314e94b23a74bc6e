import tomllib
from pathlib import Path

from services import VERSION


def test_the_version_is_the_projects():
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
