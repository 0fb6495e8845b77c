"""A generated catalogue of 2,000 products in the manner of real shops, as Medusa answers; always the same.

Ten shops of 200 products. How often a flaw comes is our choice, after what was seen in fourteen real catalogues: tags
that are not for buyers nearly everywhere, long and many tags often, the rest seldom. One product in forty has a flaw
that no setting can mend: no price, no variant, a gift card, values in parentheses.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any, NamedTuple

from etsy_pipeline.catalogue.product import Product, parse_product
from etsy_pipeline_tests.builders import a_shop, validated

Raw = dict[str, Any]
PER_SHOP = 200


class RealShop(NamedTuple):
    """One shop: its currency, and how it writes its products."""

    name: str
    currency: str
    write: Callable[[Random, int], Raw]


ADJECTIVES = ("Blue", "Stoneware", "Linen", "Oak", "Small", "Round", "Speckled", "Wild", "Soft", "Hand Thrown")
THINGS = ("Mug", "Bowl", "Candle", "Necklace", "Scarf", "Print", "Basket", "Ring", "Vase", "Tote Bag")
BUYERS_WORDS = (
    "handmade", "gift for her", "ceramic", "pottery", "home decor", "boho", "minimalist", "rustic", "wedding gift",
    "birthday", "kitchen", "coffee lover", "housewarming", "eco friendly", "linen", "unique", "cozy", "spring",
)  # fmt: skip
LONG_WORDS = ("housewarming gift for friends", "minimalist scandinavian home", "personalized bridesmaid gift box")
INTERNAL = ("SALE30_4", "erp:44/12", "google_shopping", "__hidden", "size-guide_2", "in stock!", "VAT 20%", "new!!")
ARABIC = ("كوب", "خزف", "هدية", "يدوي", "قهوة", "منزل", "شمعة", "سلة", "خشب", "فضة")
JAPANESE = ("手作り", "マグカップ", "陶器", "湯のみ", "木の器", "贈り物")
VIETNAMESE = ("gốm sứ", "thủ công", "quà tặng", "cốc", "gỗ sồi", "đồ trang trí")
SIZES, COLORS = tuple(f"EU {size}" for size in range(20, 43)), ("Black", "White", "Red")


def _title(random: Random) -> str:
    return f"{random.choice(ADJECTIVES)} {random.choice(ADJECTIVES)} {random.choice(THINGS)} No {random.randint(1, 99)}"


def _words(random: Random, fewest: int, most: int, words: Sequence[str] = BUYERS_WORDS) -> list[str]:
    return random.sample(words, min(random.randint(fewest, most), len(words)))


def _shopify(random: Random, number: int) -> Raw:
    """Exports keep the placeholder option, tags by the dozen, and the shop's own marks among them."""
    tags = _words(random, 4, 18) + _words(random, 0, 3, INTERNAL)
    title = _title(random) + (" ✨" if number % 20 == 3 else "")
    return {"title": title, "tags": tags, "options": {"Title": ("Default Title",)}}


def _from_etsy(random: Random, number: int) -> Raw:
    """Came from Etsy once: full titles, thirteen tags, and a mark for each import."""
    tail = ", ".join(_words(random, 12, 14))
    title = f"{_title(random)} | {tail}"[: 150 if number % 10 == 0 else 138].rstrip(" ,|")
    return {"title": title, "tags": [*_words(random, 13, 13), "imported_from_etsy_2024"]}


def _arabic(random: Random, number: int) -> Raw:
    words = _words(random, 3, 8, ARABIC)
    title = " ".join(words) + ("\u200f" if number % 4 == 0 else "") + (" هديّةٌ" if number % 15 == 0 else "")
    return {"title": title, "tags": [*words, *(["هدية؛ منزل"] if number % 3 == 0 else [])]}


def _vietnamese(random: Random, number: int) -> Raw:
    title = " ".join(_words(random, 2, 4, VIETNAMESE))
    cheap = number % 50 == 7
    price = 3000 if cheap else random.randint(60, 900) * 1000
    return {"title": title, "tags": _words(random, 2, 6, VIETNAMESE), "price": price}


def _apparel(random: Random, number: int) -> Raw:
    """69 variants, materials in shares, and a title that says it all twice."""
    title = _title(random) + (" & Belt & Bag" if number % 12 == 0 else "")
    return {
        "title": title,
        "tags": _words(random, 6, 15) + _words(random, 1, 2, INTERNAL),
        "material": "95% Cotton, 5% Elastane",
        "options": {"Size": SIZES, "Color": COLORS} if number % 4 == 0 else {"Size": ("S", "M", "L"), "Color": COLORS},
    }


def _by_erp(random: Random, number: int) -> Raw:
    tags = [*_words(random, 1, 5), f"art/{number:05}", f"wg_{random.randint(1, 40)}", *_words(random, 1, 3, INTERNAL)]
    return {"title": _title(random), "tags": tags, "sku": f"WG{number:06}-{'X' * (30 if number % 25 == 0 else 2)}"}


def _starter(random: Random, number: int) -> Raw:
    """Medusa's own starter: hardly any tags, one option that is none."""
    del number
    options = {"Default option": ("Default option value",)} if random.random() < 0.8 else {"Size": ("S", "M", "L")}
    return {"title": _title(random), "tags": _words(random, 0, 3), "options": options}


def _vintage(random: Random, number: int) -> Raw:
    """Whole phrases for tags, one piece of each thing."""
    tags = _words(random, 2, 9) + _words(random, 1, 3, LONG_WORDS)
    title = f"1970s {_title(random)}" + (": rare: signed" if number % 18 == 0 else "")
    return {"title": title, "tags": tags, "options": {"Color": (random.choice(COLORS),)}}


def _japanese(random: Random, number: int) -> Raw:
    words = _words(random, 2, 5, JAPANESE)
    title = "・".join(words) + ("♪" if number % 22 == 0 else "")
    return {"title": title, "tags": words, "price": random.randint(8, 300) * 100}


def _german(random: Random, number: int) -> Raw:
    long = "Geschenkidee zum Muttertag" if number % 2 else "Mutter’s Tag"
    title = f"Größe {_title(random)}" + (" – handgemacht & fair & schön" if number % 14 == 0 else "")
    return {"title": title, "tags": [*_words(random, 3, 14), long], "material": "Ton, Glasur (bleifrei)"}


SHOPS = (
    RealShop("Shopify export", "USD", _shopify),
    RealShop("import from Etsy", "USD", _from_etsy),
    RealShop("Arabic", "AED", _arabic),
    RealShop("Vietnamese", "VND", _vietnamese),
    RealShop("apparel", "GBP", _apparel),
    RealShop("run by an ERP", "EUR", _by_erp),
    RealShop("Medusa's starter", "USD", _starter),
    RealShop("vintage", "CAD", _vintage),
    RealShop("Japanese", "JPY", _japanese),
    RealShop("German", "EUR", _german),
)


def _broken(raw: Raw, number: int) -> Raw:
    """One product in forty has what no setting mends."""
    if number % 40 != 39:
        return raw
    flaws: tuple[Raw, ...] = (
        {"price": None}, {"is_giftcard": True}, {"price": 0}, {"options": {"Size": ("S (small)", "L (large)")}},
        {"title": ""},
    )  # fmt: skip
    return raw | flaws[number // 40 % len(flaws)]


def _as_medusa_answers(raw: Raw, identifier: str, currency: str) -> Raw:
    options: Mapping[str, Sequence[str]] = raw.get("options", {})
    cells: list[dict[str, str]] = [{}]
    for name, values in options.items():
        cells = [cell | {name: value} for cell in cells for value in values]
    price = raw.get("price", 25)
    prices = [] if price is None else [{"currency_code": currency.lower(), "amount": price}]
    return {
        "id": f"prod_{identifier}",
        "title": raw["title"],
        "description": f"<p>{raw['title']}, made by hand.</p>",
        "status": "published",
        "is_giftcard": raw.get("is_giftcard", False),
        "material": raw.get("material"),
        "metadata": {},
        "images": [{"url": f"https://shop.test/{identifier}.jpg", "rank": 0}],
        "tags": [{"value": tag} for tag in raw["tags"]],
        "options": [
            {"title": name, "values": [{"value": item} for item in values]} for name, values in options.items()
        ],
        "variants": [
            {
                "id": f"variant_{identifier}_{number}",
                "title": " / ".join(cell.values()),
                "sku": f"{raw.get('sku', identifier)}-{number}",
                "options": [{"value": value, "option": {"title": name}} for name, value in cell.items()],
                "prices": prices,
                "manage_inventory": False,
            }
            for number, cell in enumerate(cells)
        ],
    }


@cache
def catalogue() -> tuple[tuple[RealShop, tuple[Product, ...]], ...]:
    """Every shop with its products."""
    return tuple((shop, tuple(_products(shop, place))) for place, shop in enumerate(SHOPS))


def _products(shop: RealShop, place: int) -> Iterator[Product]:
    random = Random(place)  # noqa: S311 - the same catalogue each time
    for number in range(PER_SHOP):
        raw = _broken(shop.write(random, number), number)
        yield parse_product(_as_medusa_answers(raw, f"{place}{number:03}", shop.currency))


REFUSE_ALL = {"tags_unfit": "refuse", "tags_too_long": "refuse", "materials_unfit": "refuse"}
ROWS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("everything refused: tags_unfit, tags_too_long, materials_unfit = refuse", REFUSE_ALL),
    ("the defaults", {}),
    ("tags_too_many=first", {"tags_too_many": "first"}),
    ("title_unfit=clean", {"title_unfit": "clean"}),
    ("truncate_title=true", {"truncate_title": True}),
    ("tags_too_many=first, title_unfit=clean", {"tags_too_many": "first", "title_unfit": "clean"}),
    (
        "tags_too_many=first, title_unfit=clean, truncate_title=true",
        {"tags_too_many": "first", "title_unfit": "clean", "truncate_title": True},
    ),
)


@cache
def valid_by_shop(row: int) -> Mapping[str, int]:
    """How many of each shop's products become listings, with the settings of a row."""
    settings = a_shop(default_taxonomy_id=891, **ROWS[row][1])
    return {
        shop.name: sum(validated(item, settings, currency_code=shop.currency).listing is not None for item in products)
        for shop, products in catalogue()
    }


def table_of_rates() -> str:
    """The table of docs/rules.md."""
    rows = []
    for row, (name, _) in enumerate(ROWS):
        counts = valid_by_shop(row)
        in_all = sum(counts.values())
        worst = min(counts, key=lambda shop: counts[shop])
        share, least = f"{in_all / (PER_SHOP * len(SHOPS)):.1%}", f"{counts[worst] / PER_SHOP:.1%}"
        rows.append(f"| {name} | {in_all:,} | {share} | {worst}: {least} |")
    return "\n".join(["| settings | valid | of all | the shop with the fewest |", "|---|---|---|---|", *rows])
