"""Titles, tags and materials that Etsy would not take as they are: what the shop's settings make of them, and tell."""

from typing import Any

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.listings.characters import one_line, visible
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.tags import MATERIALS, TAG_LENGTH, TAGS, materials, tags
from etsy_pipeline.listings.title import LONGEST, ONCE, title
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline_tests.builders import a_product, a_shop, codes, listing_of, validated

MANY = [f"tag {number}" for number in range(15)]
IN_TITLES = regex.compile(r"[\p{L}\p{Nd}\p{P}\p{Sm}\p{Zs}™©®]*")  # FACTS §5
IN_TAGS = regex.compile(r"[\p{L}\p{Nd}\p{Zs}\-'™©®]*")
IN_MATERIALS = regex.compile(r"[\p{L}\p{Nd}\p{Zs}]*")


def tagged(*values: str, **shop: Any) -> ValidatedListing:
    return validated(a_product(tags=values), a_shop(**shop))


def told(found: ValidatedListing) -> list[str]:
    return [item.message for item in found.verdicts]


@pytest.mark.parametrize(
    ("tag", "sent"),
    [
        ("50% off!!", "50 off"), ("#handmade", "handmade"), ("a,b", "a b"), ("coffee ☕ lover", "coffee lover"),
        ("SALE30_4", "SALE30 4"), ("mid–century", "mid-century"), ("m²", "m2"), ("\ufeffmug", "mug"), ("ke\u200drāmika", "kerāmika"),
        ("خَشَب", "خشب"), ("tea &amp; coffee", "tea coffee"), ("&quot;art&quot;", "art"), ("50×70 cm", "50x70 cm"), ("50 × 70 cm", "50 x 70 cm"),
        ("`tick`", "tick"),
    ],
)  # fmt: skip
def test_what_etsy_refuses_is_taken_out_of_a_tag_and_told(tag: str, sent: str) -> None:
    found = tagged(tag)
    assert listing_of(found).tags == (sent,)
    assert codes(found) == ["tags_cleaned"]
    assert repr(sent) in found.warnings[0].message


@pytest.mark.parametrize(
    ("tag", "sent"), [("mother`s day", "mother's day"), ("mother´s day", "mother's day"), ("l&rsquo;art", "l'art")]
)
def test_an_apostrophe_of_another_kind_is_one(tag: str, sent: str) -> None:
    assert (listing_of(tagged(tag)).tags, codes(tagged(tag))) == ((sent,), [])


@pytest.mark.parametrize(
    ("tags", "why"), [(["x" * 21, "y" * 21], "tags_too_long_dropped"), (["☕", "---"], "tags_unfit_dropped")]
)
def test_that_no_tag_is_left_is_told(tags: list[str], why: str) -> None:
    found = tagged(*tags)
    assert (listing_of(found).tags, codes(found)) == ((), [why, "tags_none_left"])
    assert told(found)[-1] == "None of the product's tags can be sent: the listing has none."


def test_that_no_tag_is_left_is_no_news_where_the_shop_wants_none() -> None:
    assert codes(tagged("imported_from_etsy_1")) == ["tags_left_out"]


@pytest.mark.parametrize("tag", ["☕", "%%", "हिन्दी", "\u200b", "---", "'", "™"])
def test_a_tag_of_which_no_word_is_left_is_left_out(tag: str) -> None:
    """Hindi without its vowels is other words."""
    assert codes(tagged(tag, "mug")) == ["tags_unfit_dropped"]
    assert listing_of(tagged(tag, "mug")).tags == ("mug",)


def test_each_kind_of_change_is_told_once_with_all_its_values() -> None:
    found = tagged("a!", "b!", "x" * 21, "y" * 22, "imported_from_etsy_1", "Imported_From_Etsy", "mug", "Mug", "MUG")
    assert told(found) == [
        "Tags that the shop's settings leave out: imported_from_etsy_1, Imported_From_Etsy.",
        "Tags with characters that Etsy refuses are sent without these: 'a!' as 'a', 'b!' as 'b'.",
        f"Tags of more than 20 characters are left out: {'x' * 21}, {'y' * 22}.",
        "Tags that are there more than once are sent once: Mug, MUG.",
    ]
    assert listing_of(found).tags == ("a", "b", "mug")


@pytest.mark.parametrize(
    ("shop", "kept", "code"),
    [
        ({"tags_too_long": "drop"}, ("mug",), "tags_too_long_dropped"),
        ({"tags_too_long": "cut"}, ("stoneware coffee mug", "mug"), "tag_truncated"),
        ({"tags_too_long": "refuse"}, None, "tag_too_long"),
        ({"truncate_tags": True}, ("stoneware coffee mug", "mug"), "tag_truncated"),
    ],
)
def test_long_tags(shop: dict[str, Any], kept: tuple[str, ...] | None, code: str) -> None:
    found = tagged("stoneware coffee mug large", "mug", **shop)
    assert (found.listing.tags if found.listing else None, codes(found)) == (kept, [code])


@pytest.mark.parametrize(
    ("shop", "left_out"),
    [
        ({"tags_too_many": "first"}, "tag 13, tag 14"),
        ({"tags_too_many": "first", "tag_priority": ["tag 14"]}, "tag 12, tag 13"),
        ({"tags_too_many": "first", "tag_priority": ["TAG 1?", "*"]}, "tag 8, tag 9"),
        ({"truncate_tags": True}, "tag 13, tag 14"),
    ],
)
def test_of_many_tags_thirteen_are_sent_the_preferred_ones_first(shop: dict[str, Any], left_out: str) -> None:
    found = tagged(*MANY, **shop)
    assert told(found) == [f"There are 15 tags; 13 are sent, without: {left_out}."]
    assert listing_of(found).tags == tuple(tag for tag in MANY if tag not in left_out.split(", "))


def test_what_is_too_much_for_etsy_names_the_setting_that_helps() -> None:
    """The guide makes more than 13 tags an error; so that is the default."""
    assert "tags_too_many=first" in tagged(*MANY).errors[0].hint
    unfit = a_product(title="Mug ✨ & cup & " + "x" * 140, tags=["50%", "x" * 21], material="oak!")
    shop = a_shop(tags_unfit="refuse", tags_too_long="refuse", materials_unfit="refuse")
    hints = " ".join(item.hint for item in validated(unfit, shop).errors)
    for setting in ("truncate_title", "title_unfit=clean", "tags_unfit=clean", "tags_too_long=drop", "materials_unfit"):
        assert setting in hints


def test_a_shop_leaves_out_its_internal_tags() -> None:
    found = tagged("SALE30_4", "sale9_1", "erp:5", "mug", tags_left_out=["sale*_?", "erp:*"])
    assert listing_of(found).tags == ("mug",)
    assert told(found) == ["Tags that the shop's settings leave out: SALE30_4, sale9_1, erp:5."]


def test_tags_may_come_from_the_metadata_alone() -> None:
    shop = a_shop(tags_source="metadata", materials_source="metadata", extra_tags=["handmade"])
    plain = listing_of(validated(a_product(material="Oak"), shop))
    assert (plain.tags, plain.materials) == (("handmade",), ())
    metadata = {"etsy_taxonomy_id": 891, "etsy_tags": "one", "etsy_materials": "Ash"}
    chosen = listing_of(validated(a_product(material="Oak", metadata=metadata), shop))
    assert (chosen.tags, chosen.materials) == (("one", "handmade"), ("Ash",))


@pytest.mark.parametrize("empty", [[], "[]", " ", ""])
def test_empty_metadata_take_tags_out_of_the_checks(empty: object) -> None:
    metadata = {"etsy_taxonomy_id": 891, "etsy_tags": empty, "etsy_materials": empty}
    found = validated(a_product(tags=MANY, material="oak!", metadata=metadata))
    assert (listing_of(found).tags, listing_of(found).materials, codes(found)) == ((), (), [])


def test_what_is_the_sellers_is_not_checked() -> None:
    shop = a_shop(ownership={"tags": "seller", "materials": "seller"}, tags_unfit="refuse", materials_unfit="refuse")
    found = validated(a_product(tags=["50%", *MANY], material="oak!"), shop)
    assert (listing_of(found).tags, listing_of(found).materials, codes(found)) == ((), (), [])


@pytest.mark.parametrize(
    ("material", "sent", "told"),
    [
        ("95% Cotton, 5% Elastane", ("Cotton", "Elastane"), ["materials_cleaned"]),
        ("62,5% Wolle,37,5 % Seide", ("Wolle", "Seide"), ["materials_cleaned"]),
        ("%95 pamuk", ("pamuk",), ["materials_cleaned"]),
        ("oak-wood, Oak", ("oak wood", "Oak"), ["materials_cleaned"]),
        ("Oak 2", ("Oak 2",), []),
        ("100%", (), ["materials_unfit_dropped"]),
    ],
)
def test_materials_are_cleaned_of_shares_and_signs(material: str, sent: tuple[str, ...], told: list[str]) -> None:
    found = validated(a_product(material=material))
    assert (listing_of(found).materials, codes(found)) == (sent, told)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Mug ✨", "Mug"), ("Mug✨Cup", "Mug Cup"), ("Salt & Pepper & Oil", "Salt & Pepper Oil"), ("a: b: 50% 60%", "a: b 50% 60"),
        ("½ m² ❤️", "1⁄2 m2"), ("كتابٌ ✨", "كتاب"),
    ],
)  # fmt: skip
def test_a_title_is_cleaned_where_the_shop_says_so_and_told(given: str, sent: str) -> None:
    assert validated(a_product(title=given)).listing is None, "by default a title is a person's to mend"
    found = validated(a_product(title=given), a_shop(title_unfit="clean"))
    assert listing_of(found).title == sent
    assert "title_cleaned" in codes(found)
    assert repr(sent) in found.warnings[-1].message


@pytest.mark.parametrize("text", ["✨", "हिन्दी की किताब ✨"])
def test_a_title_that_cleaning_would_spoil_is_refused(text: str) -> None:
    assert codes(validated(a_product(title=text), a_shop(title_unfit="clean"))) == ["title_forbidden_characters"]


def test_a_long_title_may_be_cleaned_and_then_cut() -> None:
    found = validated(a_product(title="✨ word" * 40), a_shop(title_unfit="clean", truncate_title=True))
    assert listing_of(found).title.split() == ["word"] * 28
    assert codes(found) == ["title_cleaned", "title_truncated"]


@pytest.mark.parametrize(
    ("given", "title", "materials"),
    [
        ("Tea &amp; Cup", "Tea & Cup", ("Tea Cup",)),
        ("&quot;Ada&#39;s&quot;&nbsp;mug", '"Ada\'s" mug', ("Ada s mug",)),
        ("Caf&#xE9; &amp;amp; tea", "Café &amp; tea", ("Café amp tea",)),
        ("5&quot;", '5"', ("5",)),
        ("R&GT", "R&GT", ("R GT",)),
        ("&nosuch; tea", "&nosuch; tea", ("nosuch tea",)),
    ],
)
def test_entities_are_undone_once(given: str, title: str, materials: tuple[str, ...]) -> None:
    found = listing_of(validated(a_product(title=f"Mug: {given}", material=given), a_shop(title_unfit="clean")))
    assert (found.title, found.materials) == (f"Mug: {title}", materials)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Look at https://mugs.test/a?b=1.", "https://mugs.test/a?b=1."),
        ("Or www.mugs.test, or mug@mugs.test", "www.mugs.test,, mug@mugs.test"),
        ('<a href="http://mugs.test">here</a>', "http://mugs.test"),
    ],
)
def test_addresses_in_a_description_are_told(text: str, told: str) -> None:
    found = validated(a_product(description=text))
    assert [item.message for item in found.warnings] == [f"The description names addresses outside Etsy: {told}."]


@pytest.mark.parametrize(
    "text", ["See https://www.etsy.com/listing/1.", "a @ b", "5 www. mugs", "a" * 50_000, "a." * 25_000, "@" * 50_000]
)
def test_other_descriptions_name_none(text: str) -> None:
    assert codes(validated(a_product(description=text))) == []


def test_what_cannot_be_seen_is_taken_out_of_title_and_description() -> None:
    found = validated(a_product(title="\ufeffMu\u00adg", description="Thrown\u200b by\ufeff hand. 👩\u200d🎨"))
    assert (listing_of(found).title, listing_of(found).description) == ("Mug", "Thrown by hand. 👩\u200d🎨")
    assert told(found) == [
        "The title has characters that cannot be seen (U+FEFF U+00AD); it is sent without them.",
        "The description has characters that cannot be seen (U+200B U+FEFF); it is sent without them.",
    ]


WORDS = st.lists(st.text(max_size=30) | st.sampled_from(["mug", "Mug", "50% off", "हिन्दी", "x y z" * 6]), max_size=30)
CHOICES = st.builds(
    ShopSettings,
    tags_unfit=st.sampled_from(["clean", "drop"]), tags_too_long=st.sampled_from(["cut", "drop"]),
    tags_too_many=st.just("first"), tag_priority=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    tags_left_out=st.lists(st.text("*?[]a-z!", max_size=6), max_size=3).map(tuple),
    materials_unfit=st.sampled_from(["clean", "drop"]), title_unfit=st.just("clean"), truncate_title=st.booleans(),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(WORDS, CHOICES)
def test_whatever_is_typed_only_what_etsy_takes_is_sent_and_nothing_vanishes_untold(
    words: list[str], shop: ShopSettings
) -> None:
    for make, takes, most in ((tags, IN_TAGS, TAGS), (materials, IN_MATERIALS, MATERIALS)):
        kept, found = make(words, shop)
        assert all(takes.fullmatch(word) and word == " ".join(word.split()) for word in kept)
        assert len(kept) <= most
        assert len({word.casefold() for word in kept}) == len(kept)
        assert all(item.severity == "warning" for item in found)
        assert len({item.code for item in found}) == len(found), "one verdict a kind"
        assert make(kept, ShopSettings(tags_left_out=())) == (kept, []), "what is sent needs no more care"
    kept, _ = tags(words, shop)
    assert all(len(word) <= TAG_LENGTH for word in kept)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), CHOICES)
def test_a_cleaned_title_is_one_that_etsy_takes_or_says_why_not(text: str, shop: ShopSettings) -> None:
    kept, found = title(text, shop)
    if all(item.severity == "warning" for item in found):
        assert IN_TITLES.fullmatch(kept)
        assert 0 < len(kept) <= LONGEST
        assert all(kept.count(symbol) <= 1 for symbol in ONCE)
        assert title(kept, shop)[0] == kept


SEEN = st.text(st.characters(categories=["L", "Nd"], include_characters=" -'"), max_size=20).filter(
    # some letters show nothing, and some are a letter and a mark once they are composed (NFC)
    lambda word: not visible(word)[1] and IN_TAGS.fullmatch(one_line(word)) is not None and any(map(str.isalnum, word))
)


@settings(max_examples=150, deadline=None)
@given(st.lists(SEEN, max_size=13))
def test_what_was_valid_stays_as_it_is(words: list[str]) -> None:
    kept, found = tags(words, ShopSettings(tags_left_out=()))
    assert set(kept) <= set(map(one_line, words))
    assert {item.code for item in found} <= {"tag_repeated"}


@pytest.mark.parametrize(
    ("given", "template", "sent", "is_told"),
    [
        ("- Mug", "{title}", "Mug", True),
        ("Mug –", "{title} | {category}", "Mug", True),
        ("Mug - large", "{title} | {category}", "Mug - large", False),
        ("- Mug", "By hand: {title}", "By hand: - Mug", False),
        ("- Mug", "{handle}", "a-mug", False),
    ],
)
def test_separators_at_the_ends_of_a_title_go_and_it_is_told(
    given: str, template: str, sent: str, *, is_told: bool
) -> None:
    found = validated(a_product(title=given, handle="a-mug"), a_shop(title_template=template))
    assert listing_of(found).title == sent
    assert ("title_trimmed" in codes(found)) == is_told


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("BIG RED LINEN BOWL", "BIG RED LINEN Bowl"),
        ("BIG RED LINEN BOWL FOR ÇAY", "BIG RED LINEN Bowl For Çay"),
        ("FOR YOUR OLD MOTHER'S DAY", "FOR YOUR OLD Mother's Day"),
        ("“Bowl” of clay", "Bowl of clay"),
        ("(Set of 2) bowl (blue)", "Set of 2 bowl (blue)"),
        ("(Set (of) 2) bowl", "Set (of) 2 bowl"),
        ("„Schale“ aus «Ton»", "Schale aus «Ton»"),
        ("*NEW* bowl *now*", "NEW bowl *now*"),
        ('"Big" bowl, 5" wide', 'Big bowl, 5" wide'),
        ("'Tis mother's bowl", "Tis mother's bowl"),
        ("* Bowl * of clay", "Bowl * of clay"),
        ("<b>Bowl</b> of clay", "Bowl of clay"),
        ("(Bowl", "Bowl"),
        ("- Bowl", "Bowl"),
        ("A B C D E", "A B C D E"),
    ],
)
def test_a_shop_may_have_loud_titles_and_odd_beginnings_mended_and_is_told(given: str, sent: str) -> None:
    kept, found = title(given, ShopSettings(title_unfit="clean"))
    assert kept == sent
    assert [item.code for item in found] == (["title_cleaned"] if kept != given else [])
