"""An operation of the document as the page shows it, and how the page can try it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.description.notation import ENCODED, FORM, JSON, PNG, Node


@dataclass(frozen=True)
class Operation:
    """`path` as written in the document, `node` the operation itself."""

    method: str
    path: str
    node: Node

    @property
    def name(self) -> str:
        """Its id, also the anchor on the page."""
        return str(self.node["operationId"])

    @property
    def bodies(self) -> dict[str, Node]:
        """Schemas of its body by media type."""
        content = self.node.get("requestBody", {}).get("content", {})
        return {kind: media["schema"] for kind, media in content.items()}

    @property
    def sends(self) -> tuple[str, str]:
        """How the page tries it: as what it sends its input, and under which name.

        `file`: a part of a form; `base64`: a field of a form; `query`: the same in the address;
        `url`: a URL in JSON; `nothing`: it only asks.
        """
        if ENCODED in self.bodies:
            return "base64", _only(self.bodies[ENCODED])
        if FORM in self.bodies:
            return "file", _only(self.bodies[FORM])
        if JSON in self.bodies:
            return "url", _only(self.bodies[JSON])
        for parameter in self.node.get("parameters", []):
            if parameter.get("required"):
                return "query", str(parameter["name"])
        return "nothing", ""

    @property
    def options(self) -> list[Node]:
        """Parameters that may be left out."""
        return [each for each in self.node.get("parameters", []) if not each.get("required")]

    @property
    def draws(self) -> bool:
        """Whether it answers with JSON and, asked for that, with a picture as well."""
        return {JSON, PNG} <= set(self.node["responses"]["200"]["content"])

    @property
    def curl(self) -> str:
        """Its example for a shell."""
        return str(self.node["x-codeSamples"][0]["source"])


def operations_of(document: Node) -> dict[str, list[Operation]]:
    """All operations by tag, in the document's order."""
    groups: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, node in methods.items():
            groups[node["tags"][0]].append(Operation(method.upper(), path, node))
    return groups


def _only(schema: Any) -> str:
    (name,) = schema["properties"]
    return str(name)
