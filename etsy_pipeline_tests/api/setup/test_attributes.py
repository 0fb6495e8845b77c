"""Attributes by category, chosen by their names from Etsy's lists."""

import re

from etsy_pipeline.accounts.configure import configure
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.setup.world import Owner
from etsy_pipeline_tests.api.visitor import Visitor


def said(store: Store, account_id: str) -> dict[str, dict[str, tuple[str, ...]]]:
    with store.reading() as session:
        return accounts.settings_of(accounts.get(session, account_id)).attributes.by_category


def test_attributes_are_chosen_by_name_from_etsys_values(owner: Owner, visitor: Visitor, sqlite_store: Store) -> None:
    account_id = owner.is_connected()
    path = f"/setup/shops/{account_id}/attributes"
    assert "Nothing is said by category yet" in visitor.open(path).text
    assert "none is chosen for it" in visitor.open(path, of="Cups").text, "Etsy's category decides what there is"
    before = {"pcat_cups": {"Of another category": ("x",)}}
    configure(sqlite_store, account_id, {"default_taxonomy_id": 1633, "attributes.by_category": before})
    page = visitor.open(path, of="pcat_cups").text
    field, name = re.findall(r'<label for="(attribute-\d+)">([^<(]+)', page)[0]
    value = re.findall(rf'<select id="{field}".*?<option>([^<]+)</option>', page, re.DOTALL)[0]
    visitor.send(f"{path}/save", **{field: value})
    assert said(sqlite_store, account_id) == {"pcat_cups": before["pcat_cups"] | {name.strip(): (value,)}}
    assert f"{name.strip()}: {value}" in visitor.text
    visitor.open(path, of="pcat_cups")
    assert f"<option selected>{value}" in visitor.page.text
    visitor.send(f"{path}/save", **{field: ""})
    assert said(sqlite_store, account_id) == before, "what is not said any more is gone, and nothing else"
    assert "As JSON" not in visitor.open(f"/setup/shops/{account_id}/settings", q="attributes").text
