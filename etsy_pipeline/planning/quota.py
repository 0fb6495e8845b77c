"""How many calls Etsy still allows, as a plan needs to know it: will it be done today?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls that publishing may make with one API key, all shops together, in 24 hours and now.

    What is reserved for stock updates is left out of both, unless it is they that ask.
    """

    per_day: int
    left_today: int
