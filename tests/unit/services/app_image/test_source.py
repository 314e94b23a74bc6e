import pytest

from services.app_image.source import FileSource
from tests.fakes_services import JPEG, FakeFiles, job
from utils.errors import FileGone, SettingsError


def test_a_jobs_picture_is_its_file():
    assert FileSource(FakeFiles(), max_bytes=9).picture_of(job(source="abc")) == JPEG + b"abc"


def test_a_file_that_is_gone_is_passed_on():
    with pytest.raises(FileGone):
        FileSource(FakeFiles(FileGone("x")), max_bytes=9).picture_of(job())


def test_without_a_token_there_are_no_files():
    with pytest.raises(SettingsError, match="TELEGRAM_TOKEN"):
        FileSource(None, max_bytes=9).picture_of(job())
