"""A person with a browser that runs no scripts: keeps cookies, follows links, sends the forms that are on a page."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx

from etsy_pipeline_tests.api.serving import TOKEN


class Visitor:
    """What is on the page that was opened last is in `page`."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, follow_redirects=True, timeout=60)
        self.page = httpx.Response(200)

    def open(self, path: str, **query: Any) -> httpx.Response:
        self.page = self.client.get(path, params=query) if query else self.client.get(path)
        return self.page

    def sign_in(self, token: str = TOKEN, path: str = "/review/") -> httpx.Response:
        self.open(path)
        return self.send("/review/sign-in", token=token)

    def send(self, action: str, **values: Any) -> httpx.Response:
        """Send the form with this action, with what it already holds."""
        self.page = self.client.post(action, data=self.fields(action) | values)
        return self.page

    def move(self, **values: Any) -> httpx.Response:
        """Press a button of the plan's page, which goes on by GET."""
        path = self.page.url.path
        return self.open(path, **(self.fields(path) | values))

    def move_to(self, path: str, **values: Any) -> httpx.Response:
        """Press a button of a form that leads to another page by GET."""
        return self.open(path, **(self.fields(path) | values))

    def fields(self, action: str) -> dict[str, Any]:
        return _Forms(self.page.text).of(action)

    @property
    def text(self) -> str:
        """What can be read on the page."""
        without_tags = re.sub(r"<[^>]*>", " ", self.page.text)
        return " ".join(without_tags.split())


class _Forms(HTMLParser):
    """The fields of each form: hidden ones, texts, ticked boxes, what is chosen."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[set[str], dict[str, Any]]] = []
        self._area = self._select = ""
        self.feed(page)

    def of(self, action: str) -> dict[str, Any]:
        for actions, fields in self.forms:
            if action in actions:
                return fields
        raise AssertionError(f"no form leads to {action}: {[actions for actions, _ in self.forms]}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(({given["action"]}, {}))
        if not self.forms:
            return
        actions, fields = self.forms[-1]
        if tag == "button" and "formaction" in given:
            actions.add(given["formaction"])
        if tag == "textarea":
            self._area = given["name"]
            fields[self._area] = ""
        if tag == "select":
            self._select = given["name"]
        if tag == "option" and "selected" in given:
            fields[self._select] = given.get("value", "")
        if tag == "input" and given.get("type") == "checkbox":
            if "checked" in given:
                fields.setdefault(given["name"], []).append(given["value"])
        elif tag == "input":
            fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][1][self._area] += data
