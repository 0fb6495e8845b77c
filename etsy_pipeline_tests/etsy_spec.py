"""Etsy's own OpenAPI document of 2026-10-05, and what it says of an operation's bodies."""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

URN = "urn:etsy"
FILE = Path(__file__).parent / "data" / "etsy-openapi.json.gz"


@cache
def document() -> dict[str, Any]:
    """The document, mended where it contradicts itself (`default: null`, nullable enums and objects)."""
    found: dict[str, Any] = json.loads(gzip.decompress(FILE.read_bytes()), object_hook=_mended)
    return found


def request_schema(operation_id: str) -> tuple[str, dict[str, Any]]:
    """(content type, schema) of an operation's body."""
    content: dict[str, Any] = _operation(operation_id)["requestBody"]["content"]
    content_type, media = next(iter(content.items()))
    return content_type, media["schema"]


def decoded(form: dict[str, str], schema: dict[str, Any]) -> dict[str, Any]:
    """A form's values as the document types them; a field that it does not know fails."""
    values: dict[str, Any] = {}
    for name, text in form.items():
        assert name in schema["properties"], f"{name} is no field of this operation"
        values[name] = _typed(text, schema["properties"][name])
    return values


def operation_of(method: str, path: str) -> dict[str, Any]:
    """The operation that a request is for."""
    for template, methods in document()["paths"].items():
        pattern = re.sub(r"\{[a-z_]+\}", r"[0-9]+", template.replace("{language}", "[a-z]{2}"))
        if re.fullmatch(pattern, path) and method.lower() in methods:
            found: dict[str, Any] = methods[method.lower()]
            return found
    raise LookupError(f"Etsy knows no {method} {path}")


def query_problems(operation: dict[str, Any], query: dict[str, str]) -> list[str]:
    """What is wrong with a request's query, by the document."""
    known = {item["name"]: item["schema"] for item in operation.get("parameters", ()) if item["in"] == "query"}
    unknown = [f"{name} is no parameter of {operation['operationId']}" for name in query if name not in known]
    return unknown or [
        f"{name}: {problem}"
        for name, text in query.items()
        for problem in problems(known[name], _typed(text, known[name]))
    ]


def _typed(text: str, schema: dict[str, Any]) -> Any:
    kind = schema["type"]
    if kind == "array":
        return [_typed(part, schema["items"]) for part in text.split(",") if part]
    if kind == "integer":
        return int(text)
    if kind == "number":
        return float(text)
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    return text


def response_problems(operation_id: str, status: int, body: Any) -> list[str]:
    """What is wrong with an answer, by the document."""
    response = _operation(operation_id)["responses"][str(status)]
    schema = next(iter(response["content"].values()))["schema"]
    return problems(schema, body)


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value, by a schema of the document."""
    whole = document()
    registry = Registry().with_resource(URN, Resource.from_contents(whole, default_specification=DRAFT4))
    validator = OAS30Validator(schema, registry=registry)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(value)]


@cache
def _operation(operation_id: str) -> dict[str, Any]:
    for methods in document()["paths"].values():
        for operation in methods.values():
            if isinstance(operation, dict) and operation.get("operationId") == operation_id:
                return operation
    raise LookupError(operation_id)


def _mended(value: dict[str, Any]) -> dict[str, Any]:
    if "default" in value and value["default"] is None:
        del value["default"]
    if value.get("nullable") and "enum" in value:  # the document says both, and means that null is allowed
        value["enum"] = [*value["enum"], None]
    if value.get("nullable") and "oneOf" in value:  # likewise
        value["oneOf"] = [*value["oneOf"], {"enum": [None]}]
    if str(value.get("$ref", "")).startswith("#"):  # so that a part of the document can be used by itself
        value["$ref"] = URN + value["$ref"]
    return value
