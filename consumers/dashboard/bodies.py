"""The body of a request, as far as it may go."""

from __future__ import annotations

from starlette.requests import Request

from consumers.dashboard.answers import Refusal


async def body_of(request: Request, most: int) -> bytes:
    """Return the body of a request; refuses one of more than `most` bytes while it comes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Refusal(413, f"The request has more than {most:,} bytes.")
    return bytes(body)
