"""Everything the bot itself says in a chat. Other sentences come from `utils.errors`."""

from __future__ import annotations

import math

START = (
    "Hello! Send me a photo, or the link to one, and I send it back with the apparent expression "
    "and gender of every face marked on it.\n\n"
    "What happens with your picture: it goes to the computer of whoever runs this bot, is looked "
    "at in memory, and is forgotten. It is never stored and never shown to anybody else.\n\n"
    "An apparent expression is a guess about the picture, not about the person in it. "
    "The gender is a guess too, and whoever runs this bot can switch it off.\n\n"
    "/help - what I can read\n/privacy - what I keep\n/delete - forget it"
)
HELP = (
    "Send me a photo, a picture as a file (up to 20 MB), or a link to a picture.\n"
    "I read JPEG, PNG, WebP, GIF, BMP and TIFF. Albums and several links at once are fine.\n\n"
    "In a group, mention me in the caption of a photo, or send it as a reply to me."
)
PRIVACY = (
    "I keep no pictures. While a photo waits for its turn I hold its Telegram number (or its "
    "link), and I forget it once you have your answer. If a photo cannot be answered, that number "
    "or link is kept for up to 24 hours, so that the fault can be found, and then deleted.\n\n"
    "So that nobody floods the bot I count, by the number of your account, how many photos came "
    "in the last minute and how many bytes in the last hour. Whoever misuses the bot may be "
    "banned: that number is then kept for as long as the ban lasts. /delete removes all but a "
    "ban.\n\n"
    "Nothing about your pictures is logged, shared or used for training. What I mark is the "
    "apparent expression: a guess about the picture, not about the person in it."
)
COMMANDS = (
    ("start", "What this bot does"),
    ("help", "What I can read"),
    ("privacy", "What happens with your picture"),
    ("delete", "Forget what I keep about you"),
)

LOOKING = "Looking at it ..."
ONE_AHEAD = "1 picture ahead of you ..."
MANY_AHEAD = "{position} pictures ahead of you ..."

NO_LINK = "Send me a photo, or a link to one, and I mark the faces in it. /help says more."
NOT_A_PICTURE = (
    "I only read pictures. Please send a photo, or a picture as a file (JPEG, PNG, WebP, GIF, BMP "
    "or TIFF)."
)
TOO_LARGE = "This file is too large for me. Please send a picture below 20 MB."
BAD_LINK = "I cannot use this link. Please send me the picture itself."
FULL = "I have my hands full right now. Please send this again in a minute."
NOT_ALLOWED = "This bot is private, so I cannot look at your pictures. Sorry!"

BANNED = "Whoever runs this bot has decided that it does not answer you any more."
CANCELLED = "This picture was taken out of the line, and is not answered."

ASK_DELETE = (
    "I then forget all that I keep about you: pictures that still wait (they stay unanswered), "
    "the numbers or links of those that could not be answered, and what I count of your photos. "
    "Shall I?"
)
DELETE_BUTTON = "Yes, forget it"
DELETED = "Done. I keep nothing about you any more."
DELETED_BUT_BANNED = (
    "Done. I keep nothing about you any more, but for one thing: whoever runs this bot has "
    "decided that it does not answer you, and that stays."
)
NOT_YOUR_BUTTON = "This button is somebody else's. Send /delete yourself."
OLD_BUTTON = "This button is too old. Please send /delete again."

ORDERS = (
    "/ban ID [days], or /ban [days] as a reply to the person\n/unban ID, or as a reply\n"
    "/bans - who is banned\n/stats - how things are"
)
RATE_USER = "That was a lot at once. You can send more in {wait}."
RATE_CHAT = "This chat sent a lot at once. You can send more in {wait}."
RATE_SYSTEM = "Very many people send pictures right now. You can send more in {wait}."
BYTES = "These were very large files. You can send more in {wait}, and smaller ones sooner."
QUEUE_SHARE = "Your last pictures are still waiting. You can send more in {wait}."

OUR_FAULT = "Something broke on our side. Please send it again in a minute."
MOVED = (
    "This group became a supergroup while I was at work on this picture. If the answer is not "
    "above, please send it again."
)
TOO_OLD = "Sorry, I could not get to this picture in time. Please send it again."


def status(position: int) -> str:
    """The status message of a job with `position` jobs before it."""
    if position == 0:
        return LOOKING
    return ONE_AHEAD if position == 1 else MANY_AHEAD.format(position=position)


_REFUSALS = {
    "rate_user": RATE_USER,
    "rate_chat": RATE_CHAT,
    "rate_system": RATE_SYSTEM,
    "bytes": BYTES,
    "queue_user": QUEUE_SHARE,
    "queue_chat": QUEUE_SHARE,
}


def refused(reason: str, retry_in_s: float) -> str:
    """Why a picture is not taken, and when the next one is."""
    return _REFUSALS.get(reason, FULL).format(wait=_wait(retry_in_s))


def _wait(seconds: float) -> str:
    if seconds < 60:
        return f"{max(1, math.ceil(seconds))} s"
    return f"{math.ceil(seconds / 60)} min"
