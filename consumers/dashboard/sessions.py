"""The token of a dashboard, and the sessions of those who knew it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from streaming.errors import UsageError

# Characters of a token, at the least: with 16 of letters and digits nobody guesses one.
LEAST_TOKEN = 16
# A working day and the next morning.
SESSION_SECONDS = 24 * 3600
# Sessions, and addresses that tried a wrong token, of which this process keeps a few bytes each.
_MOST_SESSIONS = _MOST_ADDRESSES = 1000
# Wrong tokens that an address may send in a row, as a person does; then it waits, twice as long each time.
_FREE_TRIES = 5
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0


def checked_token(token: str, origin: str) -> str:
    """Return a token; raises `UsageError` for one that is too short to keep anybody out."""
    token = token.strip()
    if len(token) < LEAST_TOKEN:
        raise UsageError(
            f"The token in {origin} has {len(token)} characters, and must have {LEAST_TOKEN} or more; "
            "`openssl rand -hex 16` makes one."
        )
    return token


class Sessions:
    """Sessions that begin with the token; without a token there is nothing to know, and everybody has one."""

    def __init__(self, token: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = None if token is None else _digest(token)
        self._clock = clock
        # By the digest of the session's secret: when it ends. A copy of this table opens no session.
        self._ends: dict[bytes, float] = {}
        # By address: wrong tokens in a row, and when the next one may come.
        self._wrong: dict[str, tuple[int, float]] = {}

    @property
    def needed(self) -> bool:
        """Whether a session is needed."""
        return self._token is not None

    def has(self, secret: str | None) -> bool:
        """Tell whether a secret is that of a session."""
        if self._token is None:
            return True
        return secret is not None and self._ends.get(_digest(secret), 0.0) > self._clock()

    def wait_of(self, address: str) -> float:
        """Return how many seconds an address has to wait before its next token."""
        return max(0.0, self._wrong.get(address, (0, 0.0))[1] - self._clock())

    def begin(self, token: str, address: str) -> str | None:
        """Return the secret of a new session; None for a wrong token, or for an address that has to wait."""
        if self._token is None or self.wait_of(address) > 0:
            return None
        # Digests have one length, so the comparison's time says nothing of the token, not even that.
        if not hmac.compare_digest(_digest(token), self._token):
            self._slow_down(address)
            return None
        self._wrong.pop(address, None)
        secret = secrets.token_urlsafe(32)
        self._ends[_digest(secret)] = self._clock() + SESSION_SECONDS
        if len(self._ends) > _MOST_SESSIONS:
            del self._ends[next(iter(self._ends))]
        return secret

    def _slow_down(self, address: str) -> None:
        tries = self._wrong.pop(address, (0, 0.0))[0] + 1
        beyond = tries - _FREE_TRIES
        wait = min(_FIRST_WAIT * 2.0 ** min(beyond, 10), _LONGEST_WAIT) if beyond >= 0 else 0.0
        self._wrong[address] = tries, self._clock() + wait
        if len(self._wrong) > _MOST_ADDRESSES:
            del self._wrong[next(iter(self._wrong))]


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()
