"""A product → the listing it should become, and every rule's verdict. Never raises for any product.

A value's sources, in order: the product's metadata (`etsy_…`, then the brief's unprefixed keys), the shop's settings, a
default. Not here: the rules' words (`rules.py`), each field's own logic (its own file).
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, TypeVar, cast, get_args

from etsy_pipeline.catalogue.product import Product, Variant
from etsy_pipeline.listings.attributes import attributes
from etsy_pipeline.listings.axes import Axis, axes, long_names
from etsy_pipeline.listings.characters import one_line, plain, unescaped, visible_lines
from etsy_pipeline.listings.description import description, plain_text
from etsy_pipeline.listings.eu_guarantee import eu_guarantee
from etsy_pipeline.listings.files import files
from etsy_pipeline.listings.grid import inventory
from etsy_pipeline.listings.groups import extra_tags, said, unknown_groups
from etsy_pipeline.listings.identifying import identity_of
from etsy_pipeline.listings.listing import Attribute, Inventory, Listing, ListingType, PublishAs
from etsy_pipeline.listings.measures import measures
from etsy_pipeline.listings.metadata import Metadata
from etsy_pipeline.listings.origin import needs_partners, when_made, who_made
from etsy_pipeline.listings.personalization import personalization
from etsy_pipeline.listings.price import price
from etsy_pipeline.listings.price_tax import tax_verdict
from etsy_pipeline.listings.quantity import quantity
from etsy_pipeline.listings.rules import gathered, verdict
from etsy_pipeline.listings.shop import Kind, Shop
from etsy_pipeline.listings.shop_references import chosen, named_section, section_of
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.tags import materials, split_materials, styles, tags
from etsy_pipeline.listings.taxonomy import taxonomy_id
from etsy_pipeline.listings.templates import SEPARATORS, filled
from etsy_pipeline.listings.title import title
from etsy_pipeline.listings.translations import translations
from etsy_pipeline.listings.variation_images import pictures
from etsy_pipeline.listings.variations import Variations, is_placeholder, problems, read
from etsy_pipeline.listings.verdict import OUT_OF_STOCK, ValidatedListing, Verdict
from etsy_pipeline.listings.videos import videos, without_videos

Mapped = TypeVar("Mapped")
Profile = Literal["shipping_profile", "processing_profile", "shop_section"]
MAX_OF_A_KIND = 5  # findings of one rule that are told singly


def validate(product: Product, settings: ShopSettings, shop: Shop, *, also: Iterable[Verdict] = ()) -> ValidatedListing:
    """Map a product and judge it; all verdicts at once.

    Args:
        product: as Medusa has it.
        settings: the choices of the shop's owner.
        shop: the shop as Etsy has it.
        also: what is known of the product already (that another has its SKU).
    """
    mapping = _Mapping(product, settings, shop)
    listing = mapping.listing()
    found = [*also, *mapping.found, *mapping.metadata.found]
    if any(item.severity == "error" for item in found):
        listing = None
    absent = _absent_because(product, settings)
    told = tuple(gathered(found, MAX_OF_A_KIND)) if found else ()
    identity = identity_of(product, mapping.variations)
    stock = mapping.grid if listing is None else None
    return ValidatedListing(product.id, plain(product.title), listing, told, absent, identity, stock)


def withdrawn_because(product: Product, settings: ShopSettings) -> str:
    """Why it is not to be on sale, however much there is of it; blank where it is to be."""
    if product.status != "published":
        return f"not published in Medusa (status {one_line(product.status)})"
    if not product.is_in_sales_channel and settings.in_no_sales_channel == "leave":
        return "in no sales channel of Medusa"
    return ""


def _absent_because(product: Product, settings: ShopSettings) -> str:
    """Why it is not to be on sale, whatever else is wrong with it: what nobody has is taken off, fine title or not."""
    if withdrawn := withdrawn_because(product, settings):
        return withdrawn
    if product.variants and not any(quantity(variant, settings.quantity) for variant in product.variants):
        return OUT_OF_STOCK
    return ""


class _Mapping:
    """One product on its way; `found` gathers the verdicts of every field."""

    def __init__(self, product: Product, settings: ShopSettings, shop: Shop) -> None:
        self.product, self.settings, self.shop = product, settings, shop
        self.metadata = Metadata(product.metadata)
        self.variations = read(product)
        self.grid: Inventory | None = None
        self.axes: Sequence[Axis] = ()
        self.found: list[Verdict] = []

    def listing(self) -> Listing | None:
        """The listing; None where a part that it needs is missing."""
        product, settings, metadata = self.product, self.settings, self.metadata
        if product.is_giftcard:
            self.found.append(verdict("gift_card"))
        if missing := unknown_groups(product, settings):
            self.found.append(verdict("groups_not_told", missing=", ".join(missing)))
        variations = self.variations
        name, text = self._texts(variations)
        category = self._of(taxonomy_id(product, settings, self.shop.taxonomy_ids))
        type_ = cast(ListingType, metadata.choice("etsy_type", get_args(ListingType)) or settings.type)
        grid = self.grid = self._inventory(variations, category, is_download=type_ == "download")
        urls, films = without_videos(product.pictures(thumbnail_first=settings.thumbnail_first))
        shown, linked = self._of(pictures(product, variations, self.axes, urls, name, settings))
        media = self._media(type_, films)
        publish_as = self._publish_as(type_, has_pictures=bool(shown), has_files=bool(media["files"]))
        fields: dict[str, Any] = {
            **self._origin(),
            **self._profiles(is_physical=type_ != "download", publish_as=publish_as),
            "tags": self._of(tags(self._tags(), settings)),
            "materials": self._of(materials(self._materials(), settings)),
            "styles": self._of(styles(metadata.texts("etsy_styles") or settings.styles)),
            "is_customizable": _first(metadata.flag("etsy_is_customizable"), settings.is_customizable),
            "is_taxable": _first(metadata.flag("etsy_is_taxable"), settings.is_taxable),
            "should_auto_renew": _first(metadata.flag("etsy_should_auto_renew"), settings.should_auto_renew),
            "personalization": self._of(personalization(metadata, settings.personalization)),
            "eu_guarantee": self._of(eu_guarantee(metadata, settings.eu_guarantee)),
            "publish_as": publish_as,
            **media,
        }
        if type_ != "download":
            fields |= measures(product, metadata, settings)
        if grid is None or category is None:
            return None
        fields["attributes"] = self._attributes(category, {item.property_id for item in grid.properties})
        return Listing(
            title=name,
            description=text,
            taxonomy_id=category,
            currency_code=self.shop.currency_code,
            inventory=grid,
            images=shown,
            variation_images=linked,
            type=type_,
            **fields,
        )

    def _of(self, mapped: tuple[Mapped, list[Verdict]]) -> Mapped:
        self.found += mapped[1]
        return mapped[0]

    def _texts(self, variations: Variations) -> tuple[str, str]:
        """Title and description; metadata are taken as they are, the product's own go through the shop's templates."""
        product, settings = self.product, self.settings
        own_title, own_text = self.metadata.text("etsy_title"), self.metadata.text("etsy_description")
        values = {
            "title": unescaped(product.title),
            "description": plain_text(own_text or product.description or ""),
            "material": unescaped(product.material or ""),
            "category": unescaped(product.categories[0].name) if product.categories else "",
            "handle": product.handle or "",
            "options": variations.text,
        }
        name = self._of(title(unescaped(own_title) if own_title else self._titled(values), settings))
        values["title"] = name
        values["description"] = self._seen(values["description"])
        text = values["description"] if own_text else _described(settings.description_template, values)
        return name, self._of(description(text, name))

    def _titled(self, values: Mapping[str, str]) -> str:
        """The title of the shop's template, which ends with no separators: not with the product's own either."""
        text, given = filled(self.settings.title_template, values), one_line(values["title"])
        sent = given.strip(SEPARATORS)
        if sent and sent in (tidy := one_line(text)) and given not in tidy:
            self.found.append(verdict("title_trimmed", given=given, sent=sent))
        return text

    def _seen(self, text: str) -> str:
        kept, unseen = visible_lines(text)
        if unseen:
            self.found.append(verdict("invisible_characters", where="description", characters=unseen))
        return kept.strip()

    def _inventory(self, variations: Variations, category: int | None, *, is_download: bool) -> Inventory | None:
        product, shop = self.product, self.shop
        if not product.variants:
            self.found.append(verdict("no_variants"))
            return None
        of_group = said("price", product, self.settings)
        rule = of_group.value if of_group else self.settings.price
        prices: dict[str, Decimal] = {}
        mispriced: list[Verdict] = tax_verdict(product, self.settings, shop)
        for variant in product.variants:
            name = _called(variant, product)
            amount, told = price(variant, name, rule, self.settings, shop, product.prices_with_tax)
            mispriced += told
            if amount is not None:
                prices[variant.id] = amount
        found = [*gathered(mispriced, most=1), *problems(product, variations)]  # a price is mostly missing in all
        self.found += found
        if any(item.severity == "error" for item in found):
            return None
        offered = shop.properties.get(category, ()) if category is not None else ()
        chosen_axes, told = axes(variations, offered, self.settings)
        self.found += told
        if not chosen_axes and told:
            return None
        self.found += long_names(chosen_axes)
        self.axes = chosen_axes
        pieces = self.settings.quantity
        if is_download:  # there is no end of a file whose stock is not tracked
            pieces = pieces.model_copy(update={"unmanaged": pieces.cap})
        quantities = {variant.id: quantity(variant, pieces) for variant in product.variants}
        return self._of(inventory(product, variations, chosen_axes, prices, quantities))

    def _attributes(self, category: int, varying: set[int]) -> tuple[Attribute, ...]:
        found: tuple[Attribute, ...] = ()
        if not self._is_sellers("attributes"):
            rules = self.settings.attributes
            found = self._of(
                attributes(self.product, self.metadata, self.variations, category, varying, rules, self.shop)
            )
        offered = self.shop.properties.get(category, ())
        self.found += _required(category, offered, varying | {item.property_id for item in found})
        return found

    def _origin(self) -> dict[str, Any]:
        maker = self._of(who_made(self.metadata, self.settings))
        year = self.settings.when_made_year or self.shop.this_year
        when = self._of(when_made(self.metadata, self.settings, year))
        is_supply = _first(self.metadata.flag("etsy_is_supply", "is_supply"), self.settings.is_supply)
        named = self.metadata.texts("etsy_production_partners") or self.settings.production_partners
        partners = [self._chosen("production_partner", partner) for partner in named]
        if needs_partners(maker, when, year, is_supply=is_supply) and not partners:
            self.found.append(verdict("production_partners_missing"))
        ids = tuple(partner for partner in partners if partner is not None)
        return {"who_made": maker, "when_made": when, "is_supply": is_supply, "production_partner_ids": ids}

    def _profiles(self, *, is_physical: bool, publish_as: PublishAs) -> dict[str, Any]:
        wanted = self._wanted("shop_section", named_section(self.product, self.settings))
        section, new_section = self._of(section_of(wanted, self.shop, may_make=self.settings.make_sections))
        profiles: dict[str, Any] = dict.fromkeys(("shipping_profile_id", "return_policy_id", "readiness_state_id"))
        if is_physical:
            profiles = {
                "shipping_profile_id": self._profile("shipping_profile", self.settings.shipping_profile),
                "return_policy_id": self._return_policy(publish_as),
                "readiness_state_id": self._profile("processing_profile", self.settings.processing_profile),
            }
        return profiles | {"shop_section_id": section, "new_section": new_section}

    def _profile(self, kind: Profile, of_shop: int | str | None) -> int | None:
        wanted = self._wanted(kind, of_shop)
        if wanted is None:
            self.found.append(verdict(f"{kind}_missing"))
        return self._chosen(kind, wanted)

    def _wanted(self, kind: Profile, of_shop: int | str | None) -> int | str | None:
        """What the product's metadata name, else its groups in Medusa, else the shop."""
        key = f"etsy_{kind}"
        if own := self.metadata.words(key):
            return own
        of_group = said(kind, self.product, self.settings)
        if of_group is None:
            return of_shop
        if not of_group.is_metadata:
            return cast(int | str, of_group.value)
        theirs = Metadata({key: of_group.value})
        name = theirs.words(key)
        self.found += theirs.found
        return name or of_shop

    def _return_policy(self, publish_as: PublishAs) -> int | None:
        """Etsy shows no listing without one, but those of shops in the EU."""
        wanted = self.metadata.words("etsy_return_policy") or self.settings.return_policy
        if wanted is None and self.shop.country and not self.shop.is_in_eu and publish_as == "active":
            self.found.append(verdict("return_policy_required", country=self.shop.country))
        elif wanted is None and not self.shop.is_in_eu:
            self.found.append(verdict("return_policy_missing"))
        return self._chosen("return_policy", wanted)

    def _chosen(self, kind: Kind, wanted: int | str | None) -> int | None:
        return self._of(chosen(kind, wanted, self.shop))

    def _tags(self) -> Sequence[str]:
        if self._is_sellers("tags"):
            return ()
        own = self.metadata.listed("etsy_tags")
        if own is None:
            own = self.product.tags if self.settings.tags_source == "product" else ()
        return (*own, *extra_tags(self.product, self.settings), *self.settings.extra_tags)

    def _materials(self) -> Sequence[str]:
        if self._is_sellers("materials"):
            return ()
        own = self.metadata.listed("etsy_materials", "materials")
        if own is None:
            own = split_materials(self.product.material or "") if self.settings.materials_source == "product" else ()
        return own

    def _is_sellers(self, field: str) -> bool:
        """Whether a field is never ours: then nothing that it holds keeps a product off Etsy."""
        return self.settings.ownership.get(field) == "seller"

    def _media(self, type_: ListingType, films: Sequence[str]) -> dict[str, Any]:
        """Videos, files and translations, but for those that are the seller's."""
        metadata, ours = (
            self.metadata,
            {name: not self._is_sellers(name) for name in ("videos", "files", "translations")},
        )
        if type_ != "download" and metadata.value("etsy_files") is not None:
            self.found.append(verdict("files_of_no_download"))
        language = self.shop.language
        texts = (
            self._of(translations(metadata, self.product.metadata, self.settings, language))
            if ours["translations"]
            else ()
        )
        return {
            "videos": self._of(videos(metadata, films)) if ours["videos"] else (),
            "files": self._of(files(metadata)) if ours["files"] and type_ == "download" else (),
            "translations": texts,
        }

    def _publish_as(self, type_: ListingType, *, has_pictures: bool, has_files: bool) -> PublishAs:
        count = len(self.product.variants)
        if type_ == "download" and count > 1:
            self.found.append(verdict("download_with_variations", count=count))
        if type_ != "physical" and not has_files:
            self.found.append(verdict("download_files_missing"))
            return "draft"
        wanted = self.metadata.choice("etsy_publish_as", get_args(PublishAs)) or self.settings.publish_as
        return cast(PublishAs, wanted) if has_pictures else "draft"


def _called(variant: Variant, product: Product) -> str:
    """What a variant is called in messages; a placeholder says nothing."""
    title = product.title if is_placeholder(variant.title) else variant.title
    return title or variant.sku or variant.id


def _first(value: bool | None, otherwise: Mapped) -> Any:  # noqa: FBT001 - a flag's two sources
    return otherwise if value is None else value


def _described(template: str, values: Mapping[str, str]) -> str:
    """The description by the shop's template; nothing where the product has none, whatever the template adds."""
    return (
        plain_text(filled(template, values))
        if values["description"] and template != "{description}"
        else values["description"]
    )


def _required(category: int | None, offered: Sequence[Any], used: set[int]) -> list[Verdict]:
    missing = [item.name for item in offered if item.is_required and item.property_id not in used]
    return (
        [verdict("taxonomy_property_required", taxonomy_id=category, properties=", ".join(missing))] if missing else []
    )
