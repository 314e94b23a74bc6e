"""A schema as rows that people read: name, type, meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from services.description.notation import JSON, Node


class Row(NamedTuple):
    """A field, named by its place: `faces[].emotion.label`."""

    name: str
    type: str
    description: str


class Outline:
    """Reads the schemas of a document."""

    def __init__(self, document: Node) -> None:
        self._document = document

    def resolved(self, node: Node) -> Node:
        """What a reference leads to, or the node itself."""
        while "$ref" in node:
            found: Any = self._document
            for name in node["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            node = found
        return node

    def choices(self, schema: Node) -> list[Node]:
        """The schemas that an answer or a body may have."""
        return [self.resolved(each) for each in self.resolved(schema).get("oneOf", [schema])]

    def parameters(self, operation: Node) -> Iterator[Row]:
        """What may stand in the query."""
        for each in operation["parameters"]:
            required = ", required" if each.get("required") else ""
            yield Row(each["name"], self.type_of(each["schema"]) + required, each["description"])

    def failures(self, operation: Node) -> Iterator[Row]:
        """Code, status and sentence of each."""
        for status, answer in operation["responses"].items():
            for code, case in (
                self.resolved(answer)["content"].get(JSON, {}).get("examples", {}).items()
            ):
                yield Row(code, status, case["value"]["error"]["message"])

    def rows(self, schema: Node, name: str = "") -> Iterator[Row]:
        """All fields of a schema; lists and labels that repeat in every object are cut short."""
        schema = self.resolved(schema)
        for key, child in schema.get("properties", {}).items():
            yield from self._row(f"{name}.{key}" if name else key, self.resolved(child))

    def _row(self, name: str, schema: Node) -> Iterator[Row]:
        meaning = schema.get("description") or ", ".join(schema.get("enum", []))
        yield Row(name, self.type_of(schema), meaning)
        items = self.resolved(schema.get("items", {}))
        if items.get("properties"):
            yield from self.rows(items, f"{name}[]")
        elif not _is_a_map(schema):
            yield from self.rows(schema, name)

    def type_of(self, schema: Node) -> str:
        """A few words: `integer 1 to 64`, `on or off`, `list of 4 integers`."""
        schema = self.resolved(schema)
        if "oneOf" in schema:
            return " or ".join(self.type_of(each) for each in schema["oneOf"])
        if schema.get("type") == "array":
            items = self.resolved(schema["items"])
            return f"list of {_exactly(schema)}{_noun(items)}s" if "type" in items else "list"
        return _limited(schema) or f"{_noun(schema)}{_range(schema)}"


def _limited(schema: Node) -> str | None:
    """What only a few values are."""
    if "const" in schema:
        return str(schema["const"])
    words = schema.get("enum", [])
    return " or ".join(words) if 0 < len(words) < 3 else "one of these" if words else None


def _noun(schema: Node) -> str:
    if _is_a_map(schema):
        return "numbers by name"
    if "contentMediaType" in schema:
        return "file"
    if "contentEncoding" in schema:
        return "base64 string"
    return str(schema["type"])


def _exactly(schema: Node) -> str:
    least, most = schema.get("minItems"), schema.get("maxItems")
    if most is None:
        return ""
    return f"{most} " if least == most else f"up to {most} "


def _range(schema: Node) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if high is None:
        return "" if low is None else f" from {low}"
    return f" {low} to {high}"


def _is_a_map(schema: Node) -> bool:
    """Numbers by label, or by step: nobody reads a row for each."""
    properties = schema.get("properties", {}).values()
    return "additionalProperties" in schema or (
        len(properties) > 1 and all(each.get("type") == "number" for each in properties)
    )
