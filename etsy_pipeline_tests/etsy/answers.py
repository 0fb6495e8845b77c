"""An Etsy that answers what a test says, behind the real client and transport."""

import httpx

from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.etsy.shared_budget import SharedBudget
from etsy_pipeline.etsy.transport import EtsyTransport
from etsy_pipeline_tests.etsy.ledgers import FastClock, Ledgers

Answer = httpx.Response | Exception


class Tokens:
    """A token source that counts."""

    def __init__(self) -> None:
        self.replaced: list[str] = []

    def access_token(self) -> str:
        return "1.old"

    def replace(self, stale: str) -> str:
        self.replaced.append(stale)
        return "1.new"


class Etsy:
    """Answers in turn; the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()
        self.tokens = Tokens()
        self.ledgers, clock = Ledgers(limit_per_second=10_000, limit_per_day=10**6), FastClock()
        budget = SharedBudget(self.ledgers, clock=clock, sleep=clock.sleep)
        self.transport = EtsyTransport(
            base_url="https://etsy.test", client_id="key", shared_secret="secret", budget=budget,
            tokens=self.tokens, client=httpx.Client(transport=httpx.MockTransport(self._answer)),
        )  # fmt: skip
        self.client = EtsyClient(self.transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def ok() -> httpx.Response:
    return httpx.Response(200, json={"user_id": 1, "shop_id": 2})


def said(status: int, body: object = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body if body is not None else {"error": "words"}, headers=headers)
