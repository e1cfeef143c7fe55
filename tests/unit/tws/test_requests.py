"""Requests: one at a time per key, a deadline for each, and no part of an answer is ever taken for the whole."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from tws.errors import Trouble, TwsError
from tws.requests import Requests


def finish(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 5))


def test_an_answer_is_what_came_before_its_end() -> None:
    async def main() -> None:
        requests = Requests(1)

        def send() -> None:
            assert requests.collect("a", 1)
            assert requests.collect("a", 2)
            requests.end("a")

        assert await requests.ask("a", "the a", send) == [1, 2]
        assert not requests.collect("a", 3)

    finish(main())


def test_an_answer_without_an_end_is_an_error_that_names_it_and_the_next_one_starts_empty() -> None:
    async def main() -> None:
        requests = Requests(0.05)
        with pytest.raises(TwsError, match="the a") as caught:
            await requests.ask("a", "the a", lambda: requests.collect("a", 1) and None)
        assert caught.value.trouble is Trouble.NOT_ENDED
        assert await requests.ask("a", "the a", lambda: requests.end("a")) == []

    finish(main())


def test_the_second_request_of_a_kind_waits_for_the_first() -> None:
    async def main() -> None:
        requests = Requests(1)
        sent: list[str] = []
        first = asyncio.create_task(requests.ask("a", "the a", lambda: sent.append("first")))
        second = asyncio.create_task(requests.ask("a", "the a", lambda: sent.append("second")))
        other = asyncio.create_task(requests.ask("b", "the b", lambda: sent.append("other")))
        await asyncio.sleep(0.01)
        assert sent == ["first", "other"]
        requests.collect("a", 1)
        requests.end("a")
        await asyncio.sleep(0.01)
        assert sent == ["first", "other", "second"]
        requests.end("a")
        requests.end("b")
        assert [await first, await second, await other] == [[1], [], []]

    finish(main())


def test_a_lost_connection_fails_what_is_open_now_and_what_comes_later_at_once() -> None:
    async def main() -> None:
        requests = Requests(60)
        open_ones = [asyncio.create_task(requests.ask(key, key, lambda: None)) for key in "aabb"]
        await asyncio.sleep(0)
        requests.fail_all(TwsError(Trouble.LOST, "gone"))
        outcomes = await asyncio.wait_for(asyncio.gather(*open_ones, return_exceptions=True), 0.5)
        assert [outcome.trouble for outcome in outcomes if isinstance(outcome, TwsError)] == [
            Trouble.LOST
        ] * 4
        sent: list[int] = []
        with pytest.raises(TwsError, match="gone"):
            await requests.ask("c", "c", lambda: sent.append(1))
        assert sent == []

    finish(main())


def test_a_refusal_without_a_number_is_for_the_open_requests_that_have_none() -> None:
    async def main() -> None:
        requests = Requests(1)
        refusal = TwsError(Trouble.REJECTED, "no", 321)
        assert not requests.fail_unnumbered(refusal)
        refused = asyncio.create_task(requests.ask("positions", "the positions", lambda: None))
        other = asyncio.create_task(requests.ask(2, "two", lambda: None))
        await asyncio.sleep(0)
        assert requests.fail_unnumbered(refusal)
        requests.end(2)
        with pytest.raises(TwsError, match="no"):
            await refused
        assert await other == []

    finish(main())


def test_a_refusal_is_for_its_request_only() -> None:
    async def main() -> None:
        requests = Requests(1)
        refused = asyncio.create_task(requests.ask(1, "one", lambda: None))
        other = asyncio.create_task(requests.ask(2, "two", lambda: None))
        await asyncio.sleep(0)
        assert requests.fail(1, TwsError(Trouble.REJECTED, "no", 321))
        assert not requests.fail(3, TwsError(Trouble.REJECTED, "no", 321))
        requests.end(1)
        requests.end(2)
        with pytest.raises(TwsError, match="no"):
            await refused
        assert await other == []

    finish(main())
