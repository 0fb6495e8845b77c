"""Numbers beyond 64 bits, text in place of a number, NUL: in each part of each address and form of the pages.

What the API itself documents is tried with many more requests in test_fuzz.py; pages are in no document.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import Mount

from etsy_pipeline.api.app import create_app
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import serving
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.sync.planned import connected, planned

ODD = ("-1", str(2**63), "x" * 5000, "\x00")
GOOD = "1"
FAULT = 500
LEFT_OUT = {"/review/sign-in", "/review/sign-out", "/setup/medusa/unit"}  # ends the session, or asks Medusa each time


def test_no_odd_value_makes_a_fault(settings: Settings, store: Store) -> None:
    account = connected(store)
    known = {"account_id": account.id, "transaction_id": planned(store, account).transaction_id}
    asked = 0
    with serving(settings, store) as url:
        visitor = Visitor(url)
        visitor.sign_in()
        token = visitor.fields("/review/sign-out")
        for method, path, names in of_pages(create_app(settings, store)):
            for address, query, form in odd_requests(path, names, known):
                body = token | form if method == "post" else None
                answer = visitor.client.request(method, address, params=query, data=body, follow_redirects=False)
                assert answer.status_code != FAULT, (method, address[:200], query, form)
                asked += 1
    assert asked > 500


def of_pages(app: FastAPI, before: str = "") -> Iterator[tuple[str, str, dict[str, list[str]]]]:
    """Method and path of each route of what is mounted, and the names of what it takes: path, query, form."""
    document = get_openapi(title="pages", version="1", routes=app.routes) if before else {"paths": {}}
    schemas = document.get("components", {}).get("schemas", {})
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if before + path not in LEFT_OUT:
                yield method, before + path, names_in(operation, schemas)
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            yield from of_pages(route.app, before + route.path)


def names_in(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"path": [], "query": [], "form": []}
    for item in operation.get("parameters", ()):
        found[item["in"]].append(item["name"])
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = schemas[content["schema"]["$ref"].rpartition("/")[2]]
        found["form"] += [name for name in schema["properties"] if name != "csrf"]
    return found


def odd_requests(
    path: str, names: Mapping[str, list[str]], known: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """One value of each request is odd: address, query, form."""
    good = {name: known.get(name, GOOD) for name in names["path"]}
    form = dict.fromkeys(names["form"], GOOD)
    for value in ODD:
        yield from ((filled(path, good | {name: value}), {}, form) for name in names["path"])
        yield from ((filled(path, good), {name: value}, form) for name in names["query"])
        yield from ((filled(path, good), {}, form | {name: value}) for name in names["form"])


def filled(path: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path
