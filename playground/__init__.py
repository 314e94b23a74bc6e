"""A strict, local Bot API server with a chat page: the bot without Telegram.

    python -m playground        # http://127.0.0.1:8088, needs TELEGRAM_TOKEN

A bot reaches it by `TELEGRAM_API_URL` alone and finds Telegram's own shapes, limits and error
texts there. It may poll, or set a webhook on this machine or in its network. Everything lives in
memory: no picture touches a disk, and a stop forgets it all.

People write through a small JSON API of the page's own, which tests use as well:

    POST /api/chats/<chat_id>/messages
        Form fields `text`, `photo` (files; several make an album), `as_file` (1: keep the bytes
        as documents), `language` and `entities` (JSON, for a text_link); or the same without
        files as JSON. The text of a photo is its caption. Answers 201
        {"message_ids": [..], "update_ids": [..]}. A chat is created on first use.
    POST /api/chats/<chat_id>/presses
        {"message_id": .., "data": ..}: somebody pressed a button under a message. Answers 201
        {"update_ids": [..]}.
    GET /api/chats/<chat_id>/messages?after_revision=N&wait_s=20
        What changed since revision N, at once or as soon as something does (wait_s 0 to 25):
        {"run", "revision", "action", "bot_online", "messages": [
            {"message_id", "revision", "sender": "person"|"bot", "edits", "deleted", "message"}]}
        `message` is Telegram's own object, null once deleted; `edits` counts what the bot changed.
        A `run` other than before means a new start: forget what was shown.
    GET /api/files/<file_unique_id>
        The bytes of a picture or document; `?name=` makes it a download.
    GET /api/bot
        {"run", "username", "first_name", "online", "commands", "description"}
    GET /api/log?after=N
        {"calls": [{"number", "method", "status", "chat_id", "description"}]}, the last 20,000
        calls of the bot: never a text, never a picture.
    GET /healthz
        200 {"status": "ok"} as soon as the server listens.

Errors there are {"error": {"code", "message"}} with the right status.
"""
