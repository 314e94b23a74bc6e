import pytest

from services.app_url.budget import Budget
from utils.errors import Busy


def test_rooms_share_a_budget():
    budget = Budget(100)
    one, two = budget.room(), budget.room()
    one.grow(60)
    two.grow(40)
    with pytest.raises(Busy) as refusal:
        two.grow(1)
    assert refusal.value.reason == "memory"
    one.close()
    two.grow(60)
    assert budget.held_bytes == 100


def test_a_room_is_given_back_once():
    budget = Budget(100)
    room = budget.room()
    room.grow(60)
    room.close()
    room.close()
    assert budget.held_bytes == 0
