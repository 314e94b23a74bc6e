import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.older_labels import per_cent, seven
from tests.fakes_services import opinion
from utils.faces import Opinion
from utils.labels import EMOTIONS


def some_opinion(weights):
    return Opinion(EMOTIONS, tuple(weight / sum(weights) for weight in weights), sure=True)


opinions = st.lists(st.floats(0.001, 1), min_size=len(EMOTIONS), max_size=len(EMOTIONS)).map(
    some_opinion
)


@given(opinions)
def test_seven_labels_in_their_order_sum_to_one(seen):
    answer = seven(seen)
    assert list(answer) == ["Anger", "Disgust", "Fear", "Happy", "Neutral", "Sadness", "Surprise"]
    assert sum(answer.values()) == pytest.approx(1, abs=1e-6)
    assert answer["Happy"] >= seen.probabilities[EMOTIONS.index("happiness")]


@given(opinions)
def test_eight_labels_come_likeliest_first_in_per_cent(seen):
    answer = per_cent(seen)
    assert sorted(answer) == sorted(label.capitalize() for label in EMOTIONS)
    assert sum(answer.values()) == pytest.approx(100, abs=0.01)
    assert list(answer.values()) == sorted(answer.values(), reverse=True)


@pytest.mark.parametrize("label", EMOTIONS)
def test_every_label_comes_back_under_its_own_name(label):
    seen = opinion(EMOTIONS, label)
    assert next(iter(per_cent(seen))) == label.capitalize()
    likeliest = max(seven(seen), key=seven(seen).__getitem__)
    named = {"happiness": "Happy", "contempt": "Anger"}.get(label, label.capitalize())
    assert likeliest == named
