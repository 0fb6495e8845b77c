"""Rules on prices, price lists and tax."""

from etsy_pipeline.listings.rates import RATES_OF
from etsy_pipeline.listings.rule_tables.rule import MISSION, Rule

PRICES: dict[str, Rule] = {
    "price_currency_missing": Rule(
        "error", "price", "{variant} has no price in {currency}, the shop's currency (it has: {present}).",
        "Add a price in that currency in Medusa, or have another one converted (setting price.convert).", "FACTS §9",
    ),
    "price_of_list": Rule(
        "warning", "price",
        "{variant} costs {listed} {currency} by the price list {list!r} ({type}); its plain price is {plain}.",
        "Nothing need be done; to send the plain price, set price_lists.override (or sale) to false.",
        "docs/medusa-facts.md §13",
    ),
    "price_list_left_out": Rule(
        "warning", "price",
        "By the price list {list!r} ({type}) {variant} costs {listed} {currency} in Medusa's shop; {price} is used.",
        "Nothing need be done; to send what the list says, set price_lists.sale (or override) to true.",
        "docs/medusa-facts.md §13",
    ),
    "price_lists_not_shown": Rule(
        "error", "price", "Medusa does not show its price lists: what customers pay is not known.",
        "Let the API key's role read price lists; or set price_lists.override and price_lists.sale to false.", "own",
    ),
    "price_converted": Rule(
        "warning", "price", "{variant} costs {price} {source}; at the shop's rate of {rate} that is {converted} {currency}.",
        "Look now and then whether price.convert.rate is still right.", "own (setting price.convert)",
    ),
    "price_setting_in_other_currency": Rule(
        "error", "price", "The shop sells in {currency} now, and these settings are meant for {kept}: {settings}.",
        "Set them anew for the shop's currency and say so in price.currency (in by_category: there), or take them out.",
        "own (accounts accept currency_changed)",
    ),
    "price_without_tax": Rule(
        "error", "price",
        "{variant} costs {price} {currency} without tax, as Medusa says; in {country} prices are shown with it.",
        "Set price_tax.etsy_price=with_tax and price_tax.rates (EU=19, say); or as_medusa, which sends the amount as it "
        "is. Where the amounts are with tax, say so in Medusa (Settings → Store → Currencies).",
        "own (a net price is never sent unasked)",
    ),
    "price_tax_not_checked": Rule(
        "warning", "price",
        "{variant} has a price without tax; whether that can be sent was not checked, as Etsy did not say where the shop "
        "is. It is asked again before anything is published.",
        "Set price_tax.etsy_price, or plan again later.", "own (a net price is never sent unasked)",
    ),
    "price_tax_added": Rule(
        "warning", "price", "{variant} costs {price} {currency} without tax; with {rate} % it is {sent}.",
        "Nothing need be done; the rate is the setting price_tax.rates.", "own (setting price_tax)",
    ),
    "price_tax_taken_off": Rule(
        "warning", "price", "{variant} costs {price} {currency} with {rate} % tax; without it is {sent}.",
        "Nothing need be done; the rate is the setting price_tax.rates.", "own (setting price_tax)",
    ),
    "price_tax_rate_missing": Rule(
        "error", "price", "The price is to be sent {wanted}, and no rate of tax is set for {country}.",
        "Set price_tax.rates for the country, or for EU; or price_tax.etsy_price=as_medusa.", "own (setting price_tax)",
    ),
    "price_tax_unknown": Rule(
        "error", "price", "The price is to be sent {wanted}; Medusa does not say whether its prices are.",
        "Let the API key's role read price preferences; or set price_tax.etsy_price=as_medusa.",
        "own (setting price_tax)",
    ),
    "price_tax_not_shown": Rule(
        "warning", "price",
        "Medusa does not say whether its prices are with tax, as they are shown in {country}; they are sent as they are.",
        "Let the API key's role read price preferences; or set price_tax.etsy_price=as_medusa.", "own",
    ),
    "price_not_positive": Rule(
        "error", "price", "{variant} costs {price}; a price must be above zero.", "Correct the price.", MISSION,
    ),
    "price_out_of_range": Rule(
        "error", "price", "{variant} costs {price} {currency}; between {lowest} and {highest} are taken.",
        "Correct the price, or set price.floor or price.ceiling in the shop's settings.",
        "FACTS §5 (bounds uncertain: those commonly quoted, in US dollars; in other currencies ten times as wide)",
    ),
    "price_near_bound": Rule(
        "warning", "price",
        "{variant} costs {price} {currency}; Etsy may refuse less than about {lowest} and more than about {highest}.",
        "Correct the price, or set price.floor or price.ceiling in the shop's settings.",
        f"FACTS §5 (0.20 and 50,000 US dollars, at rough rates of {RATES_OF})",
    ),
    "price_bounds_unknown": Rule(
        "warning", "price",
        "{variant} costs {price} {currency}; what Etsy takes at least and at most in that currency is not known here.",
        "Look whether that is between about 0.20 and 50,000 US dollars.", "FACTS §5",
    ),
    "price_third_decimal": Rule(
        "warning", "price",
        "{variant} costs {price} {currency}; {sent} is sent, as Etsy is not known to take a third decimal.",
        "Nothing need be done; to send another amount, change the price, or price.rounding.",
        "FACTS §7 (money is amount/divisor; which divisor such currencies have is in no document)",
    ),
    "price_raised_to_floor": Rule(
        "warning", "price", "{variant} would cost {price}; the shop's floor of {floor} is sent.",
        "Correct the price, or price.floor in the shop's settings.", "own (setting price.floor)",
    ),
    "price_lowered_to_ceiling": Rule(
        "warning", "price", "{variant} would cost {price}; the shop's ceiling of {ceiling} is sent.",
        "Correct the price, or price.ceiling in the shop's settings.", "own (setting price.ceiling)",
    ),
    "price_too_precise": Rule(
        "error", "price", "{variant} costs {price}; in {currency} {decimals} decimals are sent.",
        "Set price.rounding to nearest, or correct the price.", "ISO 4217",
    ),
}  # fmt: skip
