"""What the public API is: an OpenAPI document and a page made from it (docs/adr/0018)."""
