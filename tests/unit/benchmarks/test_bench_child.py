from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest
from processes import has_ended

from benchmarks.busy import busy_process
from benchmarks.child import Child
from benchmarks.contract import Document, Knobs, Opening
from benchmarks.systems.llama_server import check_program
from streaming.errors import EngineError, UsageError

# Speaks as much of llama-server's protocol as a measurement hears; `refuses` makes it end at its start, and it never
# answers a prompt that begins with the token 99.
STAND_IN = """#!{python}
import http.server, json, sys, threading
if "--help" in sys.argv:
    print("--parallel N --ctx-size N --flash-attn --cache-ram")
    sys.exit(0)
if "--version" in sys.argv:
    sys.exit("version: 7 (build of a test)")
if {refuses}:
    sys.exit("error: unknown model architecture")
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, said):
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer({{"status": "ok"}})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked["prompt"][0] == 99:
            threading.Event().wait()
        self.answer({{"tokens_evaluated": len(asked["prompt"]), "tokens_predicted": asked["n_predict"]}})
    def log_message(self, *_):
        pass
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
DOCUMENTS = [Document("a", "one", ("one",), ((1, 2, 3),)), Document("b", "two", ("t", "wo"), ((4,), (5, 6)))]


def server(folder: Path, *, refuses: bool = False) -> Path:
    path = folder / "llama-server"
    path.write_text(STAND_IN.format(python=sys.executable, refuses=refuses))
    path.chmod(0o755)
    return path


def opening(folder: Path, program: Path | None = None) -> Opening:
    knobs: Knobs = {"slots": 2, "threads": 1, "flash_attention": True, "ubatch": 512}
    return Opening(folder / "model.gguf", 16, 256, folder, knobs, program)


def test_a_llama_server_gets_every_prompt_and_its_tokens_are_counted(tmp_path: Path) -> None:
    finished: list[int] = []
    with Child("llama_server", tmp_path, lambda: finished.append(1)) as child:
        child.open(opening(tmp_path, server(tmp_path)))
        run = child.run(DOCUMENTS)
    assert (run.documents, run.tokens_in, run.tokens_out) == (2, 6, 48)
    assert run.seconds > 0
    assert len(finished) == 3


def test_a_server_that_does_not_start_is_a_sentence_with_its_own_words(tmp_path: Path) -> None:
    with Child("llama_server", tmp_path) as child, pytest.raises(EngineError, match="unknown model architecture"):
        child.open(opening(tmp_path, server(tmp_path, refuses=True)))


def test_a_worker_that_dies_is_a_sentence_and_what_it_had_started_is_ended(tmp_path: Path) -> None:
    with Child("llama_server", tmp_path) as child:
        child.open(opening(tmp_path, server(tmp_path)))
        [started] = psutil.Process(child.pid).children()
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(EngineError, match="that measured 'llama_server' ended by signal SIGKILL"):
            child.run(DOCUMENTS)
        assert started.is_running()
    assert has_ended(started)


def test_a_worker_that_cannot_go_on_gives_its_last_words(tmp_path: Path) -> None:
    with Child("cached", tmp_path) as child, pytest.raises(EngineError, match=r"ended with code 1; .*model.gguf"):
        child.open(opening(tmp_path))


def test_an_interrupted_measurement_leaves_nothing_running(tmp_path: Path) -> None:
    processes: list[psutil.Process] = []

    def measure() -> None:
        with Child("llama_server", tmp_path) as child:
            child.open(opening(tmp_path, server(tmp_path)))
            processes.extend([psutil.Process(child.pid), *psutil.Process(child.pid).children()])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure()
    assert len(processes) == 2
    assert all(map(has_ended, processes))


def test_a_run_that_is_interrupted_does_not_wait_for_answers(tmp_path: Path) -> None:
    answered: list[int] = []

    def finished() -> None:
        answered.append(1)
        if len(answered) == 3:
            raise KeyboardInterrupt

    stuck = Document("stuck", "one", ("one",), ((99,),))
    child = Child("llama_server", tmp_path, finished)

    def measure() -> None:
        with child:
            child.open(opening(tmp_path, server(tmp_path)))
            child.run([stuck, *DOCUMENTS])

    with pytest.raises(KeyboardInterrupt):
        measure()
    # By itself: one that has to be killed leaves its logs and its server to others.
    assert child._process.returncode == 143


@pytest.mark.parametrize("content", [None, "#!/bin/sh\necho a tool\n", "no program"])
def test_what_is_no_llama_server_is_refused_before_anything_is_measured(tmp_path: Path, content: str | None) -> None:
    program = tmp_path / "llama-server"
    if content is not None:
        program.write_text(content)
        program.chmod(0o755)
    with pytest.raises(UsageError, match="is no llama-server; `make llama-server` builds one"):
        check_program(program)


def test_a_llama_server_is_known_by_its_own_help(tmp_path: Path) -> None:
    assert check_program(server(tmp_path)) == "version: 7 (build of a test)"


def test_the_busy_process_ends_with_the_measurement() -> None:
    with busy_process() as pid:
        busy = psutil.Process(pid)
        assert busy.is_running()
    assert not busy.is_running()
