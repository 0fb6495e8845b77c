"""Documentation is a test: every command, setting, error code and table stands in it.

`UPDATE_DOCS=1 scripts/test -k generated` writes docs/settings.md and docs/rules.md anew.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from etsy_pipeline.api.app import ROOMS
from etsy_pipeline.cli.main import app
from etsy_pipeline.listings.rules import RULES
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.brakes import BRAKES
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.tables.base import Table
from etsy_pipeline_tests.real_shops import table_of_rates

PROJECT = Path(__file__).parents[1]
DOCS = PROJECT / "docs"
OPERATORS = "\n".join((DOCS / name).read_text() for name in ("operating.md", "troubleshooting.md", "database.md"))
README = (PROJECT / "README.md").read_text()


def our_sources() -> Iterator[Path]:
    return (path for path in (PROJECT / "etsy_pipeline").rglob("*.py") if "sandbox" not in path.parts)


def codes_in_source() -> set[str]:
    patterns = (
        r'code="([a-z_]+)"',
        r'Meaning\(\s*"([a-z_]+)"',
        r"\[([a-z]+_[a-z_]+)\]\"",
        r'_problem_row\(\w+, "([a-z_]+)"',
        r'\n[A-Z_]+ = "([a-z_]+)"  # code of ',
    )
    text = "\n".join(path.read_text() for path in our_sources())
    return {code for pattern in patterns for code in re.findall(pattern, text)} - set(RULES)


@pytest.mark.parametrize("code", sorted(codes_in_source()))
def test_every_error_code_is_explained(code: str) -> None:
    assert f"`{code}`" in OPERATORS


def test_no_error_code_is_explained_that_does_not_exist() -> None:
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", (DOCS / "troubleshooting.md").read_text(), re.MULTILINE))
    assert explained <= codes_in_source()


@pytest.mark.parametrize("table", sorted(Table.metadata.tables))
def test_every_table_is_described(table: str) -> None:
    assert f"`{table}`" in OPERATORS


def test_every_command_is_in_the_readme() -> None:
    names = [command.name for command in app.registered_commands]
    names += [
        f"{group.name} {command.name or (command.callback.__name__ if command.callback else '')}"
        for group in app.registered_groups
        for command in (group.typer_instance.registered_commands if group.typer_instance else ())
    ]
    missing = [name for name in names if name and f"`{name.replace('_', '-')}`" not in README]
    assert missing == []


def test_every_route_is_in_the_page_of_the_api() -> None:
    text = (DOCS / "api.md").read_text()
    routes = [
        f"`{method} {route.path}`"
        for room in ROOMS
        for route in room.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]
    assert len(routes) >= 20
    assert [route for route in routes if route not in text] == []


@pytest.mark.parametrize("page", sorted([*DOCS.glob("*.md"), PROJECT / "README.md", PROJECT / "CONTRIBUTING.md"]))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


def test_generated_settings_page_is_up_to_date() -> None:
    check("settings.md", settings_page())


def test_generated_rules_page_is_up_to_date() -> None:
    check("rules.md", rules_page())


def check(name: str, text: str) -> None:
    if os.environ.get("UPDATE_DOCS"):
        (DOCS / name).write_text(text)
    assert (DOCS / name).read_text() == text, "run: UPDATE_DOCS=1 scripts/test -k generated"


def settings_page() -> str:
    process = "\n".join(
        f"| `{name.upper()}` | {field.description} | {_default(field.default)} |"
        for name, field in Settings.model_fields.items()
    )
    shop = "\n".join(_shop_rows(ShopSettings))
    return f"""# Settings

<!-- generated from etsy_pipeline/settings.py and listings/shop_settings.py -->

## Settings of a process

Environment variables; and after them `settings.env` in the state folder, in which the [set-up pages](first-shop.md) store Medusa's
address, key and unit and the Etsy app's keys. Where there is no such file and none of `ETSY_CLIENT_ID`, `ETSY_SHARED_SECRET`, `MEDUSA_URL`
and `MEDUSA_API_KEY` is set, those that a local sandbox left in the state folder are used.

| variable | meaning | default |
|---|---|---|
{process}

## Settings of a shop

By form in the browser (Shops → the shop → Change settings), or `etsy-pipeline accounts configure ACCOUNT --set SETTING=VALUE`; nested
settings are named with dots.

| setting | meaning | default |
|---|---|---|
{shop}
"""


def rules_page() -> str:
    rows = "\n".join(
        f"| `{code}` | {rule.severity} | {rule.field} | {_cell(rule.message)} | {_cell(rule.hint)} | {_cell(rule.source)} |"
        for code, rule in RULES.items()
    )
    brakes = "\n".join(f"| `{code}` | {_cell(rule.when)} | {_limit(rule.setting)} |" for code, rule in BRAKES.items())
    return f"""# Rules

<!-- generated from etsy_pipeline/listings/rule_tables and planning/brakes.py -->

## Rules for listings

What is checked before anything is sent. An error keeps the product off Etsy, a warning is shown in the plan. Sources: the
project's brief, [what is known of Etsy's API](etsy-facts.md) (FACTS), Etsy's OpenAPI document (spec), or our own judgement.

| code | severity | field | message | what to do | source |
|---|---|---|---|---|---|
{rows}

### How many products of a shop become listings

Of 2,000 generated products in the manner of ten real shops (etsy_pipeline_tests/real_shops.py), where profiles and a category
are set. One in forty has what no setting mends (no price, no title, a gift card, parentheses in values); how often the other
flaws come is a guess after real catalogues.

{table_of_rates()}

What is left out, cut or cleaned is always told: it is a warning of the plan that names each value.

## Brakes of plans

What makes a plan dangerous. A brake forbids nothing: it stands first in the plan, and only a person can approve a plan that has one.

| code | when | setting |
|---|---|---|
{brakes}
"""


def _shop_rows(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _shop_rows(field.annotation, f"{prefix}{name}.")
        else:
            default = field.get_default(call_default_factory=True)
            yield f"| `{prefix}{name}` | {_cell(field.description or '–')} | {_default(default)} |"


def _default(value: Any) -> str:
    return "–" if value is None or value in ((), {}) else f"`{value}`"


def _limit(setting: str) -> str:
    return setting if setting == "–" else f"`{setting}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
