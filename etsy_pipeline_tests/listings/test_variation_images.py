"""Which picture stands for which value, and what the text of a picture says of its variants."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.catalogue.product import Option, Product
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline_tests.builders import a_product, a_product_with, a_shop, a_variant, codes, listing_of, validated

MEDUSA = {"source": "medusa"}


def address(name: str) -> str:
    return f"http://medusa.test/{name}.jpg"


def colored(
    own: Mapping[str, Sequence[str]], images: Sequence[str] = ("all", "red", "blue"), **changes: Any
) -> Product:
    """A product in two sizes and two colors; `own` are the pictures of variants whose option values begin so."""
    product = a_product_with(image_urls=[address(name) for name in images], **changes)
    variants = []
    for variant in product.variants:
        values = variant.options.values()
        names = [name for said, theirs in own.items() if set(said.split("/")) <= set(values) for name in theirs]
        variants.append(variant.model_copy(update={"image_urls": tuple(address(name) for name in names)}))
    return product.model_copy(update={"variants": tuple(variants)})


def mapped(product: Product, shop: Mapping[str, Any] = MEDUSA, **changes: Any) -> ValidatedListing:
    return validated(product, a_shop(variation_images=shop, **changes))


def linked(found: ValidatedListing) -> dict[str, str]:
    """Value → the name of its picture."""
    return {link.value: link.url.rsplit("/", 1)[1][:-4] for link in listing_of(found).variation_images}


class TestWhichOption:
    """The one property whose values get pictures."""

    def test_gets_pictures_is_the_one_whose_values_they_tell_apart(self) -> None:
        found = mapped(colored({"Red": ["red"], "Blue": ["blue"]}))
        assert (linked(found), codes(found)) == ({"Red": "red", "Blue": "blue"}, [])
        assert {link.property_id for link in listing_of(found).variation_images} == {514}, "the color's property"

    def test_gets_pictures_may_be_one_of_sizes(self) -> None:
        found = mapped(colored({"S": ["red"], "L": ["blue"]}))
        assert linked(found) == {"S": "red", "L": "blue"}

    def test_is_the_color_where_each_variant_has_a_picture(self) -> None:
        own = {"S/Red": ["a"], "S/Blue": ["b"], "L/Red": ["c"], "L/Blue": ["d"]}
        assert linked(mapped(colored(own, images="abcd"))) == {"Red": "a", "Blue": "b"}

    def test_is_none_where_two_fit_and_neither_is_a_color(self) -> None:
        product = colored({"S/Red": ["a"], "S/Blue": ["b"], "L/Red": ["c"], "L/Blue": ["d"]}, images="abcd")
        renamed = {"Size": "Size", "Color": "Pattern"}
        options = [Option(title=renamed[item.title], values=item.values) for item in product.options]
        variants = [
            variant.model_copy(update={"options": {renamed[name]: value for name, value in variant.options.items()}})
            for variant in product.variants
        ]
        product = product.model_copy(update={"options": tuple(options), "variants": tuple(variants)})
        found = mapped(product)
        assert (linked(found), codes(found)) == ({}, ["variation_images_ambiguous"])
        assert "variation_images.option" in found.warnings[0].hint
        assert linked(mapped(product, MEDUSA | {"option": "size"})) == {"S": "a", "L": "c"}

    def test_is_the_one_that_the_shop_names_where_the_product_has_it(self) -> None:
        own = {"S/Red": ["a"], "S/Blue": ["b"], "L/Red": ["c"], "L/Blue": ["d"]}
        assert linked(mapped(colored(own, images="abcd"), MEDUSA | {"option": "SIZE"})) == {"S": "a", "L": "c"}
        assert linked(mapped(colored(own, images="abcd"), MEDUSA | {"option": "Wood"})) == {"Red": "a", "Blue": "b"}

    def test_has_no_pictures_is_told(self) -> None:
        found = mapped(colored({"Red": ["red"], "Blue": ["blue"]}), MEDUSA | {"option": "Size"})
        assert (linked(found), codes(found)) == ({}, ["variation_images_option"])
        assert "No value of Size has a picture" in found.warnings[0].message

    def test_may_have_values_without_a_picture(self) -> None:
        found = mapped(colored({"Red": ["red"]}))
        assert (linked(found), codes(found)) == ({"Red": "red"}, [])


class TestWhichPicture:
    """The one picture of a value."""

    def test_is_one_of_all_variants_of_a_value_before_one_of_some(self) -> None:
        own = {"S/Red": ["some"], "Red": ["red"], "Blue": ["blue"]}
        assert linked(mapped(colored(own, images=("some", "red", "blue"))))["Red"] == "red"

    def test_is_the_first_in_the_products_order(self) -> None:
        own = {"Red": ["red", "back"], "Blue": ["blue"]}
        assert linked(mapped(colored(own, images=("blue", "back", "red"))))["Red"] == "back"

    def test_is_the_variants_thumbnail_which_need_not_be_among_the_products(self) -> None:
        product = colored({"Red": ["red"], "Blue": ["blue"]})
        variants = [
            variant.model_copy(update={"thumbnail": address("thumb")}) if "Red" in variant.options.values() else variant
            for variant in product.variants
        ]
        found = mapped(product.model_copy(update={"variants": tuple(variants)}))
        assert linked(found) == {"Red": "thumb", "Blue": "blue"}
        urls = [image.url for image in listing_of(found).images]
        assert urls == [address(name) for name in ("all", "red", "blue", "thumb")]

    def test_may_stand_for_one_value_only_where_it_is_of_several(self) -> None:
        own = {"Red": ["warm"], "Blue": ["warm", "blue"]}
        assert linked(mapped(colored(own, images=("warm", "blue")))) == {"Blue": "blue"}, "all variants have the other"

    def test_is_left_out_where_the_listing_has_20_others_and_that_is_told(self) -> None:
        names = [f"{number:02}" for number in range(19)]
        own = {"Red": ["red"], "Blue": ["blue"]}
        found = mapped(colored(own, images=(*names, "red", "blue")))
        assert (linked(found), codes(found)) == ({"Red": "red"}, ["too_many_images", "variation_images_left_out"])
        assert "The pictures of Blue are not among the first 20" in found.warnings[1].message

    def test_of_a_value_is_never_a_video(self) -> None:
        own = {"Red": ["red"], "Blue": ["blue"]}
        product = colored(own)
        films = [
            variant.model_copy(update={"image_urls": ("http://medusa.test/film.mp4", *variant.image_urls)})
            if "Red" in variant.options.values()
            else variant
            for variant in product.variants
        ]
        assert linked(mapped(product.model_copy(update={"variants": tuple(films)}))) == {"Red": "red", "Blue": "blue"}


class TestTheSource:
    """Where variants' pictures are, by the shop's setting."""

    def test_is_none_unless_the_shop_says_so_and_that_is_told_once(self) -> None:
        found = mapped(colored({"Red": ["red"], "Blue": ["blue"]}), {})
        assert (linked(found), codes(found)) == ({}, ["variation_images_unused"])
        assert "of Color" in found.warnings[0].message
        silenced = mapped(colored({"Red": ["red"]}), {"source": "none"})
        assert (linked(silenced), codes(silenced)) == ({}, [])

    def test_says_nothing_of_products_without_such_pictures(self) -> None:
        for shop in ({}, MEDUSA, {"source": "metadata"}):
            assert codes(mapped(a_product_with(), shop)) == []

    def test_may_be_metadata_of_variants(self) -> None:
        product = a_product_with(colors=("Red", "Blue"), sizes=("S",), image_urls=[address("all")])
        variants = [
            variant.model_copy(update={"metadata_image_urls": (address(variant.options["Color"].lower()), "?")})
            for variant in product.variants
        ]
        product = product.model_copy(update={"variants": tuple(variants)})
        assert linked(mapped(product)) == {}
        found = mapped(product, {"source": "metadata"})
        assert linked(found) == {"Red": "red", "Blue": "blue"}

    def test_tells_of_addresses_in_metadata_that_are_none(self) -> None:
        product = a_product_with(colors=("Red", "Blue"), sizes=("S",))
        first, second = product.variants
        first = first.model_copy(update={"metadata_image_urls": ("{'src': 1}",)})
        found = mapped(product.model_copy(update={"variants": (first, second)}), {"source": "metadata"})
        assert codes(found) == ["variation_images_option", "image_address_unusable"]


class TestTexts:
    """Of pictures, for who cannot see them."""

    def test_say_what_a_picture_shows(self) -> None:
        found = mapped(colored({"Red": ["red"], "S/Blue": ["blue"]}))
        assert [image.alt_text for image in listing_of(found).images] == [
            "Stoneware Mug",
            "Stoneware Mug, Color Red",
            "Stoneware Mug, Size S; Color Blue",
        ]

    def test_that_would_be_the_same_say_where_the_picture_stands(self) -> None:
        found = mapped(colored({"Red": ["red", "back"]}, images=("all", "red", "back", "blue")))
        assert [image.alt_text for image in listing_of(found).images] == [
            "Stoneware Mug, 1/4",
            "Stoneware Mug, Color Red, 2/4",
            "Stoneware Mug, Color Red, 3/4",
            "Stoneware Mug, 4/4",
        ]

    def test_say_what_all_variants_are(self) -> None:
        product = a_product_with(colors=("Red",))
        assert listing_of(validated(product)).images[0].alt_text == "Stoneware Mug, Color Red"

    def test_follow_the_shops_template(self) -> None:
        found = mapped(colored({"Red": ["red"]}), alt_text_template="{position} | {options} | {title}")
        texts = [image.alt_text for image in listing_of(found).images]
        assert texts == ["1/3 | Stoneware Mug", "2/3 | Color Red | Stoneware Mug", "3/3 | Stoneware Mug"]


NAMES = st.sampled_from([address(name) for name in "abcdef"])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_assigned_a_value_has_one_picture_that_is_on_the_listing(data: st.DataObject) -> None:
    variants = [
        a_variant(
            id=f"{size}{color}", sku=f"{size}{color}", options={"Size": size, "Color": color},
            image_urls=data.draw(st.lists(NAMES, max_size=3)), thumbnail=data.draw(st.none() | NAMES),
        )
        for size in ("S", "L") for color in ("Red", "Blue", "Green")
    ]  # fmt: skip
    options = (Option(title="Size", values=("S", "L")), Option(title="Color", values=("Red", "Blue", "Green")))
    product = a_product(options=options, variants=variants, image_urls=data.draw(st.lists(NAMES, unique=True)))
    listing = listing_of(mapped(product))
    values = [link.value for link in listing.variation_images]
    assert len(set(values)) == len(values)
    assert len({link.property_id for link in listing.variation_images}) <= 1
    assert {link.url for link in listing.variation_images} <= {image.url for image in listing.images}


@pytest.mark.parametrize("shop", [{"source": "both"}, {"option": 5}, {"options": "Size"}])
def test_settings_that_mean_nothing_are_refused(shop: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="variation_images"):
        a_shop(variation_images=shop)
