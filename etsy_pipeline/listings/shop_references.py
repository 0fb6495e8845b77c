"""A shop's profiles, policies, sections and partners: named by id or by name, and looked up in the shop."""

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.characters import one_line, plain
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop import Choice, Kind, Shop
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import Verdict

MAX_NAMED = 8
MAX_SECTIONS = 20
SECTION_LENGTH = 24  # uncertain (LISTING_EXTRAS §6)


def chosen(kind: Kind, wanted: int | str | None, shop: Shop) -> tuple[int | None, list[Verdict]]:
    """The id of what a setting or a product names; None with the reason where the shop has no such thing."""
    if wanted is None:
        return None, []
    number = _number(wanted)
    if shop.choices is None:  # not read: an id is believed, a name cannot be looked up
        return number, [] if number is not None else [_unknown(kind, wanted, ())]
    offered = shop.choices.get(kind, ())
    found = [item for item in offered if item.id == number or is_called(item, str(wanted))]
    if len(found) != 1:
        return None, [_unknown(kind, wanted, offered)]
    return found[0].id, []


def section_of(wanted: int | str | None, shop: Shop, *, may_make: bool) -> tuple[tuple[int | None, str], list[Verdict]]:
    """The id of a shop section, or the title of one that has to be made first; neither, with the reason."""
    number, found = chosen("shop_section", wanted, shop)
    offered = shop.choices.get("shop_section", ()) if shop.choices is not None else None
    if not found or offered is None or not may_make or _number(wanted or "") is not None:
        return (number, ""), found
    title = one_line(str(wanted))
    if any(is_called(item, title) for item in offered):  # there are several: which one is meant is not known
        return (None, ""), found
    if len(title) > SECTION_LENGTH:
        return (None, ""), [verdict("shop_section_too_long", title=title, length=len(title), limit=SECTION_LENGTH)]
    if len(offered) >= MAX_SECTIONS:
        return (None, ""), [verdict("shop_sections_full", title=title, count=len(offered), limit=MAX_SECTIONS)]
    if not shop.may_make_sections:
        return (None, ""), [verdict("shop_section_new_not_permitted", title=title)]
    return (None, title), []


def named_section(product: Product, settings: ShopSettings) -> int | str | None:
    """The section of a product of which neither metadata nor rules for its groups name one."""
    of_product = None
    if settings.section_from == "collection" and product.collection:
        of_product = product.collection.name
    if settings.section_from == "category" and product.categories:
        deepest = max(product.categories, key=lambda category: len(category.parents))
        of_product = (deepest, *deepest.parents)[-1].name
    return plain(of_product or "") or settings.shop_section


def is_called(item: Choice, title: str) -> bool:
    """Whether something of the shop's has this name, in whatever capitals and spaces."""
    return one_line(item.name).casefold() == one_line(title).casefold()


def _number(wanted: int | str) -> int | None:
    text = str(wanted).strip()
    return int(text) if text.isascii() and text.isdecimal() else None


def _unknown(kind: Kind, wanted: int | str, offered: tuple[Choice, ...]) -> Verdict:
    present = ", ".join(f"{item.name!r} ({item.id})" for item in offered[:MAX_NAMED]) or "none that could be read"
    return verdict(f"{kind}_unknown", wanted=wanted, present=present)
