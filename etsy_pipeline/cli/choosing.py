"""Choosing a shop's settings by answering questions: what Etsy has is shown, a number is typed."""

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from etsy_pipeline.cli.output import as_table
from etsy_pipeline.listings.shop import Choice, Kind
from etsy_pipeline.listings.taxonomy_search import find_categories

QUESTIONS: Mapping[Kind, str] = {
    "shipping_profile": "Shipping profile of every listing",
    "return_policy": "Return policy (not needed for EU-based shops)",
    "processing_profile": "Processing profile (readiness state)",
    "shop_section": "Shop section",
}


def choose_settings(offered: Mapping[Kind, Sequence[Choice]], categories: Sequence[Choice]) -> dict[str, Any]:
    """Ask for each profile, and for the category of products that name none; what is skipped stays as it is."""
    chosen: dict[str, Any] = {}
    for kind, question in QUESTIONS.items():
        answer = _one_of(question, offered.get(kind, ()))
        if answer is not None:
            chosen[kind] = answer.id
    category = _category(categories)
    return chosen if category is None else chosen | {"default_taxonomy_id": category.id}


def _one_of(question: str, choices: Sequence[Choice]) -> Choice | None:
    typer.echo(f"\n{question}:")
    if not choices:
        typer.echo("  The shop has none; make one in Etsy's Shop Manager.")
        return None
    as_table(("", "id", "name"), [(number, *choice) for number, choice in enumerate(choices, 1)], empty="")
    while True:
        answer = typer.prompt("Number, or nothing to leave it", default="", show_default=False).strip()
        if not answer:
            return None
        if answer.isdecimal() and 1 <= int(answer) <= len(choices):
            return choices[int(answer) - 1]
        typer.echo(f"  {answer!r} is none of 1 to {len(choices)}.")


def _category(categories: Sequence[Choice]) -> Choice | None:
    while True:
        words = typer.prompt(
            "\nWords of the Etsy category for products that name none, or nothing", default="", show_default=False
        ).strip()
        if not words:
            return None
        found = find_categories(words, categories)
        if not found:
            typer.echo("  No category has these words; try fewer.")
        elif (chosen := _one_of(f"Categories with {words!r}", found)) is not None:
            return chosen
