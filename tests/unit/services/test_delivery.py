import pytest

from services import wording
from services.delivery import MOST_RENEWALS, Delivery
from tests.fakes_services import FakeChats, annotated, face, job
from utils.errors import ChatRefused, TelegramUnavailable
from utils.telegram import ChatMoved, EditUnknown, MaybeSent, MessageGone


def deliver(mode="edit", *, found=None, errors=None, **changes):
    chats = FakeChats(errors or {})
    Delivery(chats, mode).deliver(job(**changes), found or annotated(face()))
    return chats


def test_the_status_message_becomes_the_picture():
    chats = deliver()
    assert chats.methods == ["edit_photo"]
    assert chats.calls[0][1]["message_id"] == 4
    assert chats.calls[0][1]["caption"].startswith("Looks like happiness")


def test_the_same_job_again_is_the_same_edit_and_nothing_else():
    chats = FakeChats()
    for _ in range(2):
        Delivery(chats, "edit").deliver(job(), annotated(face()))
    assert chats.methods == ["edit_photo", "edit_photo"]


def test_a_very_long_picture_goes_as_a_document():
    chats = deliver(found=annotated(face(), as_document=True))
    assert chats.calls[0][1]["document"] is True


@pytest.mark.parametrize("error", [MessageGone("gone"), ChatMoved(-200)])
@pytest.mark.parametrize("found", [annotated(), annotated(face())])
def test_where_the_status_message_is_gone_the_bot_is_asked_for_another(error, found):
    with pytest.raises(type(error)):
        deliver(found=found, errors={"edit_photo": error, "edit_text": error})


@pytest.mark.parametrize(
    ("error", "renewals"), [(EditUnknown("404"), 0), (MessageGone("gone"), MOST_RENEWALS)]
)
def test_where_no_status_message_will_do_a_reply_brings_the_picture(error, renewals):
    chats = deliver(errors={"edit_photo": error}, renewals=renewals)
    assert chats.methods == ["edit_photo", "send_photo", "delete_message"]
    assert chats.calls[1][1]["reply_to"] == 3


def test_without_a_status_message_a_reply_brings_the_picture_into_its_topic():
    chats = deliver(status_message_id=None, message_thread_id=9)
    assert chats.methods == ["send_photo"]
    assert chats.calls[0][1]["thread"] == 9


def test_in_send_mode_a_reply_replaces_the_status_message():
    chats = deliver("send")
    assert chats.methods == ["send_photo", "delete_message"]
    assert chats.calls[1][1]["message_id"] == 4


def test_in_send_mode_without_a_status_message_nothing_is_removed():
    assert deliver("send", status_message_id=None).methods == ["send_photo"]


@pytest.mark.parametrize("error", [MessageGone("gone"), TelegramUnavailable("down")])
def test_in_send_mode_a_status_message_that_stays_makes_no_second_picture(error):
    chats = deliver("send", errors={"delete_message": error})
    assert chats.methods == ["send_photo", "delete_message"]


def test_what_may_have_been_sent_counts_as_sent(caplog):
    chats = deliver("send", errors={"send_photo": MaybeSent("line broke")})
    assert chats.methods == ["send_photo", "edit_text"]
    assert chats.calls[1][1]["text"] == wording.MAYBE_SENT
    assert "taken as delivered" in caplog.text


def test_no_face_turns_the_status_message_into_a_sentence():
    chats = deliver(found=annotated())
    assert chats.methods == ["edit_text"]
    assert chats.calls[0][1]["text"] == wording.NO_FACE


@pytest.mark.parametrize("mode", ["edit", "send"])
def test_no_face_without_a_status_message_is_told_in_a_reply(mode):
    assert deliver(mode, found=annotated(), status_message_id=None).methods == ["send_message"]


def test_no_face_with_a_status_message_that_is_gone_is_told_in_a_reply():
    chats = deliver(found=annotated(), errors={"edit_text": EditUnknown("404")})
    assert chats.methods == ["edit_text", "send_message"]


@pytest.mark.parametrize("error", [TelegramUnavailable("down"), ChatRefused("blocked")])
def test_what_telegram_refuses_is_passed_on(error):
    with pytest.raises(type(error)):
        deliver(errors={"edit_photo": error})
