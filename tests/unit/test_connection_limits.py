"""A connection to the console: many, silent, slow ones, and the honest one beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from maild.web import connection_limits
from maild.web.connection_limits import BoundedConnection

HELD = 0.5  # seconds for a head, in these tests
PATIENCE = 20  # seconds
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())} octets")


async def stream(request: Request) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        yield "first\n"
        await asyncio.sleep(3 * HELD)
        yield "last\n"

    return StreamingResponse(lines())


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    app = Starlette(routes=[Route("/", answer, methods=["GET", "POST"]), Route("/live", stream)])
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", http=BoundedConnection)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await task


async def drip(writer: asyncio.StreamWriter, octets: bytes) -> None:
    """One octet at a time, for many times as long as a request may take."""
    for place in range(len(octets)):
        try:
            writer.write(octets[place : place + 1])
            await writer.drain()
        except ConnectionError:
            return
        await asyncio.sleep(HELD / 10)


async def says_nothing(writer: asyncio.StreamWriter) -> None:
    """It holds the line."""


async def drips_a_head(writer: asyncio.StreamWriter) -> None:
    await drip(writer, b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 200)


async def drips_a_body(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD % 200)
    await drip(writer, b"a" * 200)


async def drips_a_second_request(writer: asyncio.StreamWriter) -> None:
    writer.write(GET)
    await drip(writer, b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 200)


@pytest.fixture(autouse=True)
def little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "HEAD_SECONDS", HELD)


SLOW = [says_nothing, drips_a_head, drips_a_body, drips_a_second_request]


@pytest.mark.parametrize("talk", SLOW)
def test_h120_who_is_slow_is_hung_up_on(
    talk: Callable[[asyncio.StreamWriter], Coroutine[None, None, None]],
) -> None:
    async def tried() -> None:
        async with served() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            talking = asyncio.create_task(talk(writer))
            try:
                with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                    await asyncio.wait_for(reader.readexactly(10_000), PATIENCE)
            finally:
                talking.cancel()
                writer.close()

    asyncio.run(tried())


def test_h120_a_large_body_and_a_long_answer_have_their_time() -> None:
    async def tried() -> None:
        async with served() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD % 400_000)
            for _ in range(4):
                await asyncio.sleep(HELD / 2)
                writer.write(b"a" * 100_000)
            assert b"400000 octets" in await asyncio.wait_for(reader.readuntil(b"octets"), PATIENCE)
            writer.write(b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"last" in await asyncio.wait_for(reader.read(), PATIENCE)
            writer.close()

    asyncio.run(tried())


def test_h120_beyond_so_many_each_hears_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "MOST", 3)
    monkeypatch.setattr(connection_limits, "HEAD_SECONDS", PATIENCE)

    async def asked(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        try:
            return await asyncio.wait_for(reader.read(), PATIENCE)
        except ConnectionResetError:  # it was closed before it was read
            return b""
        finally:
            writer.close()

    async def tried() -> None:
        async with served() as port:
            held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            await asyncio.sleep(0)
            full = await asked(port)
            assert b"Try again" in full or not full
            for _, writer in held:
                writer.close()
                await writer.wait_closed()
            while b"0 octets" not in await asked(port):
                await asyncio.sleep(0.05)

    asyncio.run(tried())
