"""Which tracking codes go with which parcels: nothing is guessed, and none is told twice."""

from etsy_pipeline.sales.parcels import missing, shared_out


def test_where_there_are_as_many_codes_as_parcels_each_gets_one() -> None:
    assert shared_out(["A", "B"], 2) == [["A"], ["B"]]


def test_else_the_first_parcel_gets_them_all() -> None:
    assert shared_out(["A", "B"], 1) == [["A", "B"]]
    assert shared_out(["A"], 2) == [["A"], []]
    assert shared_out(["A", "B", "C"], 2) == [["A", "B", "C"], []]
    assert shared_out([], 2) == [[], []]
    assert shared_out(["A"], 0) == []


def test_codes_are_the_same_whatever_their_blanks_and_case() -> None:
    assert missing(["rr 1", "RR2", "rr2"], ["RR1"]) == ["rr2"]
