"""The table of Etsy's operations that the sandbox knows: name, path, function, scope. Anything else is a 404.

Names, paths and scopes are those of Etsy's OpenAPI document.
"""

from collections.abc import Callable
from typing import NamedTuple

from etsy_pipeline.sandbox.etsy import (
    files,
    images,
    listing_properties,
    listings,
    personalization,
    receipts,
    shops,
    taxonomy,
    translations,
    variation_images,
    videos,
)
from etsy_pipeline.sandbox.etsy.answers import Answer
from etsy_pipeline.sandbox.etsy.auth import scopes_of
from etsy_pipeline.sandbox.etsy.requests import Call

KEY: None = None
"""No scope: the key is enough."""


class Operation(NamedTuple):
    """One of Etsy's operations. `unchanged` answers instead when a fault lets an update pass in silence."""

    name: str
    method: str
    path: str
    act: Callable[[Call], Answer]
    scope: str | None
    unchanged: Callable[[Call], Answer] | None = None


def _ping(call: Call) -> Answer:
    del call
    return Answer({"application_id": 1})


def _scopes(call: Call) -> Answer:
    return Answer({"scopes": scopes_of(call.state, call.form().get("token", ""))})


SHOP = "/shops/{shop_id}"
SHOPS_LISTING = "/shops/{shop_id}/listings/{listing_id}"
LISTING = "/listings/{listing_id}"
PROPERTIES = f"{SHOPS_LISTING}/properties"
PROPERTY = f"{PROPERTIES}/{{property_id}}"
FILES = f"{SHOPS_LISTING}/files"
RECEIPT = f"{SHOP}/receipts/{{receipt_id}}"
TRANSLATION = f"{SHOPS_LISTING}/translations/{{language}}"
READINESS = f"{SHOP}/readiness-state-definitions"
NODES = "/seller-taxonomy/nodes"

OPERATIONS = (
    Operation("ping", "GET", "/openapi-ping", _ping, KEY),
    Operation("tokenScopes", "POST", "/scopes", _scopes, KEY),
    Operation("getMe", "GET", "/users/me", shops.get_me, "shops_r"),
    Operation("getShopByOwnerUserId", "GET", "/users/{user_id}/shops", shops.get_shop_by_owner, KEY),
    Operation("getShop", "GET", SHOP, shops.get_shop, KEY),
    Operation("getShopShippingProfiles", "GET", f"{SHOP}/shipping-profiles", shops.shipping_profiles, "shops_r"),
    Operation("getShopReturnPolicies", "GET", f"{SHOP}/policies/return", shops.return_policies, KEY),
    Operation("getShopReadinessStateDefinitions", "GET", READINESS, shops.readiness_states, "shops_r"),
    Operation("createShopReadinessStateDefinition", "POST", READINESS, shops.create_readiness_state, "shops_w"),
    Operation("getShopSections", "GET", f"{SHOP}/sections", shops.sections, KEY),
    Operation("createShopSection", "POST", f"{SHOP}/sections", shops.create_section, "shops_w"),
    Operation("getShopProductionPartners", "GET", f"{SHOP}/production-partners", shops.production_partners, "shops_r"),
    Operation("getSellerTaxonomyNodes", "GET", NODES, taxonomy.get_nodes, KEY),
    Operation("getPropertiesByTaxonomyId", "GET", f"{NODES}/{{taxonomy_id}}/properties", taxonomy.get_properties, KEY),
    Operation("createDraftListing", "POST", f"{SHOP}/listings", listings.create, "listings_w"),
    Operation("getListingsByShop", "GET", f"{SHOP}/listings", listings.of_shop, "listings_r"),
    Operation("updateListing", "PATCH", SHOPS_LISTING, listings.update, "listings_w", listings.get),
    Operation("getListingsByListingIds", "GET", "/listings/batch", listings.batch, KEY),
    Operation(
        "getListingsInventoryByListingIds", "GET", "/listings/batch/inventory", listings.batch_inventory, "listings_r"
    ),
    Operation("getListing", "GET", LISTING, listings.get, KEY),
    Operation("deleteListing", "DELETE", LISTING, listings.delete, "listings_d"),
    Operation("getListingInventory", "GET", f"{LISTING}/inventory", listings.get_inventory, "listings_r"),
    Operation(
        "updateListingInventory", "PUT", f"{LISTING}/inventory", listings.put_inventory, "listings_w",
        listings.get_inventory,
    ),
    Operation("uploadListingImage", "POST", f"{SHOPS_LISTING}/images", images.upload, "listings_w"),
    Operation("getListingImages", "GET", f"{LISTING}/images", images.get_all, KEY),
    Operation(
        "deleteListingImage", "DELETE", f"{SHOPS_LISTING}/images/{{listing_image_id}}", images.delete, "listings_w"
    ),
    Operation("getListingVariationImages", "GET", f"{SHOPS_LISTING}/variation-images", variation_images.get, KEY),
    Operation(
        "updateVariationImages", "POST", f"{SHOPS_LISTING}/variation-images", variation_images.replace, "listings_w",
        variation_images.get,
    ),
    Operation("getListingPersonalization", "GET", f"{LISTING}/personalization", personalization.get, KEY),
    Operation(
        "updateListingPersonalization", "POST", f"{SHOPS_LISTING}/personalization", personalization.replace,
        "listings_w",
    ),
    Operation(
        "deleteListingPersonalization", "DELETE", f"{SHOPS_LISTING}/personalization", personalization.delete,
        "listings_w",
    ),
    Operation("getListingTranslation", "GET", TRANSLATION, translations.get, KEY),
    Operation("createListingTranslation", "POST", TRANSLATION, translations.create, "listings_w"),
    Operation(
        "updateListingTranslation", "PUT", TRANSLATION, translations.replace, "listings_w", translations.get
    ),
    Operation("getAllListingFiles", "GET", FILES, files.get_all, "listings_r"),
    Operation("uploadListingFile", "POST", FILES, files.upload, "listings_w"),
    Operation("getListingFile", "GET", f"{FILES}/{{listing_file_id}}", files.get, "listings_r"),
    Operation("deleteListingFile", "DELETE", f"{FILES}/{{listing_file_id}}", files.delete, "listings_w"),
    Operation("getListingVideos", "GET", f"{LISTING}/videos", videos.get_all, KEY),
    Operation("getListingVideo", "GET", f"{LISTING}/videos/{{video_id}}", videos.get, KEY),
    Operation("uploadListingVideo", "POST", f"{SHOPS_LISTING}/videos", videos.upload, "listings_w"),
    Operation("deleteListingVideo", "DELETE", f"{SHOPS_LISTING}/videos/{{video_id}}", videos.delete, "listings_w"),
    Operation("getListingProperties", "GET", PROPERTIES, listing_properties.get_all, KEY),
    Operation("getListingProperty", "GET", f"{LISTING}/properties/{{property_id}}", listing_properties.get_one, KEY),
    Operation("updateListingProperty", "PUT", PROPERTY, listing_properties.replace, "listings_w"),
    Operation("deleteListingProperty", "DELETE", PROPERTY, listing_properties.delete, "listings_w"),
    Operation("getShopReceipts", "GET", f"{SHOP}/receipts", receipts.get_all, "transactions_r"),
    Operation("getShopReceipt", "GET", RECEIPT, receipts.get, "transactions_r"),
    Operation("updateShopReceipt", "PUT", RECEIPT, receipts.update, "transactions_w", receipts.get),
    Operation("createReceiptShipment", "POST", f"{RECEIPT}/tracking", receipts.create_shipment, "transactions_w"),
)  # fmt: skip
