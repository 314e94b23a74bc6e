"""What an exposition says, as a mapping from `name{label="value"}` to a number."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


def values_of(exposition: bytes | str) -> dict[str, float]:
    text = exposition.decode() if isinstance(exposition, bytes) else exposition
    return {
        sample.name + labels_of(sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def labels_of(labels: dict[str, str]) -> str:
    told = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{{{told}}}" if told else ""
