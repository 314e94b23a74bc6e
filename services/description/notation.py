"""The notation of OpenAPI, as far as it is used here."""

from __future__ import annotations

from typing import Any

Node = dict[str, Any]

JSON, HTML = "application/json", "text/html"
FORM, ENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
JPEG, PNG = "image/jpeg", "image/png"
PICTURE: Node = {"type": "string", "contentMediaType": "application/octet-stream"}
BASE64: Node = {"type": "string", "contentEncoding": "base64", "minLength": 1}
# Where examples say that the service is; the page puts its own address there.
ADDRESS = "http://127.0.0.1:8080"


def obj(properties: Node, optional: tuple[str, ...] = (), **more: Any) -> Node:
    """An object that has all of its properties but the `optional` ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, **more}


def array(items: Node, length: int | None = None, **more: Any) -> Node:
    """A list, of `length` where that is fixed."""
    bounds = {} if length is None else {"minItems": length, "maxItems": length}
    return {"type": "array", "items": items, **bounds, **more}


def ref(name: str, kind: str = "schemas") -> Node:
    """A reference to what the components hold under that name."""
    return {"$ref": f"#/components/{kind}/{name}"}


def parameter(name: str, description: str, schema: Node, **more: Any) -> Node:
    """A parameter of the query, not required."""
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def body(content: Node) -> Node:
    """A request body: media types, and the schema of each."""
    return {"required": True, "content": _media(content)}


def ok(description: str, content: Node) -> Node:
    """The answer 200, its content as in `body`."""
    headers = {"X-Request-ID": ref("X-Request-ID", "headers")}
    return {"200": {"description": description, "headers": headers, "content": _media(content)}}


def operation(name: str, summary: str, description: str, *, curl: str, **more: Any) -> Node:
    """An operation; `curl` is its example, with URL for the address of the service."""
    sample = {"lang": "Shell", "label": "curl", "source": curl.replace("URL", ADDRESS)}
    told = {"operationId": name, "summary": summary, "description": description}
    return told | more | {"x-codeSamples": [sample]}


def _media(content: Node) -> Node:
    return {
        kind: {"schema": schema} | (_encoding(schema) if kind == FORM else {})
        for kind, schema in content.items()
    }


def _encoding(form: Node) -> Node:
    """Which parts of a form are pictures."""
    parts = {name: part.get("items", part) for name, part in form["properties"].items()}
    pictures = [name for name, part in parts.items() if part == PICTURE]
    return {"encoding": {name: {"contentType": "image/*"} for name in pictures}}
