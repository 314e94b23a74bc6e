from __future__ import annotations

import asyncio

from bot.receiver.chat_order import ChatOrder
from bot.receiver.updates import Announcement
from tests.unit.bot.updates import GROUP, update


def test_a_chat_is_served_in_order_while_others_go_ahead() -> None:
    order: list[str] = []
    handled: list[object] = []

    async def scene() -> None:
        held = asyncio.Event()
        processor = ChatOrder(on_handled=handled.append)

        async def handle(name: str, *, wait: bool = False) -> None:
            if wait:
                await held.wait()
            order.append(name)

        async with processor:
            slow = [
                processor.process_update(update(1, text="a"), handle("first", wait=True)),
                processor.process_update(Announcement(7, ()), handle("second")),
            ]
            tasks = [asyncio.ensure_future(coroutine) for coroutine in slow]
            await asyncio.sleep(0)
            await processor.process_update(update(2, text="b", chat=GROUP), handle("group"))
            await processor.process_update(object(), handle("no chat"))
            held.set()
            await asyncio.gather(*tasks)

    asyncio.run(scene())
    assert order == ["group", "no chat", "first", "second"]
    assert len(handled) == 4
