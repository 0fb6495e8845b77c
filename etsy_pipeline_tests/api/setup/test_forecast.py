"""What can be listed is counted as the plan counts it."""

from etsy_pipeline.api.setup.forecast import Look, forecast
from etsy_pipeline.planning.plan import plan_product
from etsy_pipeline.planning.plan_view import totals
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline_tests.builders import a_product, a_shop, an_etsy_shop, validated

GOOD = a_product(id="prod_1")
BROKEN = a_product(id="prod_2", title="")
NOT_FOR_SALE = a_product(id="prod_3", status="draft")
BOTH = a_product(id="prod_4", status="draft", title="")


def test_what_is_not_for_sale_and_broken_too_is_counted_once_and_as_in_the_plan() -> None:
    products = [GOOD, BROKEN, NOT_FOR_SALE, BOTH]
    look = Look("", "", 0, read=4, total=4, products=products)
    told = forecast(look, EtsyAccount("etsy_acc_1", "Shop"), a_shop(), an_etsy_shop())
    plan = totals(plan_product(validated(product), None, None, a_shop()) for product in products)
    assert (told.valid, told.absent, told.invalid) == (plan.create, plan.skip, plan.invalid) == (1, 2, 1)
    assert [reason.count for reason in told.reasons] == [1], "nor does it stand among the reasons"
