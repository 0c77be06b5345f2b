"""llama.cpp's own server with parallel slots, on a free port of loopback, and twice as many clients.

Knobs: slots, threads, flash_attention, ubatch. It gets the tokens of the prompts, as the other systems do.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from benchmarks.contract import Document, Opening, Run
from streaming.errors import EngineError, UsageError, reason
from streaming.protocol import Sampling

_HOST = "127.0.0.1"
_SAMPLING = Sampling()
# A large model on a slow disk takes minutes to read.
_START_SECONDS = 600
_STOP_SECONDS = 10
# A request waits for a slot and then for its tokens; none here takes an hour.
_ANSWER_SECONDS = 3600


def check_program(program: Path) -> str:
    """Return the version that a llama-server prints; raises `UsageError` when `program` is no llama-server."""
    sentence = f"{program} is no llama-server; `make llama-server` builds one and says where it is."
    try:
        help_run, version_run = (
            subprocess.run([str(program), flag], capture_output=True, text=True, timeout=60, check=False)
            for flag in ("--help", "--version")
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise UsageError(sentence) from error
    if help_run.returncode != 0 or not all(
        flag in help_run.stdout for flag in ("--parallel", "--ctx-size", "--flash-attn", "--cache-ram")
    ):
        raise UsageError(sentence)
    # llama-server prints its version to standard error.
    return next(
        (line for line in f"{version_run.stdout}{version_run.stderr}".splitlines() if "version" in line),
        "of no version",
    )


class LlamaServer:
    """A server process and its clients."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._slots = int(opening.knobs["slots"])
        if opening.program is None:
            raise EngineError("No llama-server was named: a bug.")
        port = _free_port()
        self._url = f"http://{_HOST}:{port}"
        self._http = requests.Session()
        # No proxy of the environment for loopback.
        self._http.trust_env = False
        self._http.mount("http://", HTTPAdapter(pool_maxsize=2 * self._slots))
        self._log = opening.folder / "llama-server.log"
        self._server = self._start(opening.program, port)
        try:
            self._wait_until_up()
            self._complete(None)
        except BaseException:
            self.close()
            raise

    @property
    def process(self) -> int:
        """The server's process."""
        return self._server.pid

    def run(self, documents: Sequence[Document], on_part: Callable[[], None]) -> Run:
        """Send all prompts, as many at once as there are slots."""
        prompts = [prompt for document in documents for prompt in document.prompts]
        tokens_in = tokens_out = 0
        began = time.perf_counter()
        # More clients than slots: the next prompt waits at the server when one is done.
        clients = ThreadPoolExecutor(2 * self._slots)
        try:
            for answer in as_completed([clients.submit(self._complete, prompt) for prompt in prompts]):
                prompt_tokens, completion_tokens = answer.result()
                tokens_in += prompt_tokens
                tokens_out += completion_tokens
                on_part()
        finally:
            # After an error or Ctrl-C, do not wait for the other answers.
            clients.shutdown(wait=False, cancel_futures=True)
        return Run(len(documents), time.perf_counter() - began, tokens_in, tokens_out)

    def close(self) -> None:
        """End the server."""
        self._http.close()
        self._server.terminate()
        try:
            self._server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()

    def _start(self, program: Path, port: int) -> subprocess.Popen[bytes]:
        opening = self._opening
        flags = {
            "--model": opening.model,
            "--host": _HOST,
            "--port": port,
            "--parallel": self._slots,
            "--ctx-size": self._slots * opening.context,
            "--threads": opening.knobs["threads"],
            "--flash-attn": "on" if opening.knobs["flash_attention"] else "off",
            "--ubatch-size": opening.knobs["ubatch"],
            # No copies of the states of prompts, because no prompt comes again.
            "--cache-ram": 0,
            # All systems are measured on the CPU.
            "--n-gpu-layers": 0,
        }
        command = [str(program), "--offline", *(str(part) for flag in flags.items() for part in flag)]
        with self._log.open("wb") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment())

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_up():
            try:
                self._server.wait(0.05)
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise EngineError(f"llama-server was not ready within {_START_SECONDS} s.") from None
                continue
            lines = self._log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
            raise EngineError(f"llama-server ended with {self._server.returncode} while it started: {lines[-1]}")

    def _is_up(self) -> bool:
        try:
            return self._http.get(f"{self._url}/health", timeout=5).ok
        except requests.RequestException:
            return False

    def _complete(self, prompt: Sequence[int] | None) -> tuple[int, int]:
        """Return the tokens of a prompt and of its completion; without a prompt, warm the server with one token."""
        body = {
            "prompt": "Warm." if prompt is None else list(prompt),
            "n_predict": 1 if prompt is None else self._opening.max_tokens,
            "temperature": _SAMPLING.temperature,
            "repeat_penalty": _SAMPLING.repeat_penalty,
            "repeat_last_n": _SAMPLING.repeat_last_n,
            # The likeliest token, without samplers that cannot change it.
            "samplers": ["penalties", "top_k"],
            "top_k": 1,
        }
        try:
            answer = self._http.post(f"{self._url}/completion", json=body, timeout=_ANSWER_SECONDS)
            answer.raise_for_status()
            tokens = answer.json()
            return int(tokens["tokens_evaluated"]), int(tokens["tokens_predicted"])
        except (requests.RequestException, KeyError, ValueError) as error:
            raise EngineError(f"llama-server did not answer a request: {reason(error)}") from error


def _environment() -> dict[str, str]:
    """Return this environment without llama.cpp's own variables, which would change the settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LLAMA_ARG_")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
