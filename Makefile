# The two commands: `make demo` and `make test`. Both set everything up by themselves, in .venv.
PYTHON ?= python3

.PHONY: demo test lint unit chaos soak test-browser book bench backlog llama-server swapped verify-million measure-live measure-produce measure-watch big-document clean help

help:
	@echo "make demo    see it work: Kafka, Spark, a model, twelve documents; KEEP=1: in the browser, too, until Ctrl-C"
	@echo "make test    run all tests"
	@echo "make lint    ruff, mypy, import-linter"
	@echo "make unit    the tests that need neither Java nor a model"
	@echo "make chaos   kills and faults at random moments, then count what is there: make chaos [SEEDS=10] [BOOK=book.txt] (half an hour, a seed 5 minutes more)"
	@echo "make soak    a topic that is quiet for a minute again and again (a quarter of an hour)"
	@echo "make test-browser  the dashboard and the other pages in a headless Chromium (five minutes): make test-browser [LOAD=1] [SCREENSHOTS=folder]"
	@echo "make book    summarize a whole book: make book FILE=book.txt [LIMIT=40]"
	@echo "make bench   measure gistream beside other ways: make bench [TEXT=book.txt] [LLAMA_SERVER=path] [QUICK=1]"
	@echo "make backlog  how fast a query works off a backlog: from the store, from 50 partitions, beside the engine alone"
	@echo "make llama-server  build llama.cpp's own server, to measure it, too (7 minutes on 2 cores)"
	@echo "make swapped     how well grounding tells a summary of another chapter: make swapped BOOK=book.txt"
	@echo "make verify-million  time and memory of gistream verify over a million records (five minutes)"
	@echo "make measure-live  lag and memory of a live view: 100,000 summaries, then 300 a second (three minutes)"
	@echo "make measure-watch  a watched folder: 1,000 files and three kills, Kafka away, 100,000 files (ten minutes)"
	@echo "make big-document  a text of 50 MB by reference through Kafka and Spark to a summary (a quarter of an hour): make big-document [MB=50]"
	@echo "make measure-produce  speed and memory of produce beside a bare loop, and a kill that is resumed (three minutes)"
	@echo "make clean   remove .venv and build"

demo:
	@$(PYTHON) tools/set_up.py
	@.venv/bin/gistream demo $(if $(KEEP),--keep --dashboard)

# Two at once: half of the time a test waits for a JVM that starts. Those of a file share what takes long to make.
test: lint
	@.venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder

lint:
	@$(PYTHON) tools/set_up.py --dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

unit:
	@$(PYTHON) tools/set_up.py --dev
	@.venv/bin/pytest tests/unit

book:
	@test -n "$(FILE)" || { echo "make book FILE=book.txt [LIMIT=40]: a file of Project Gutenberg, or a number"; exit 2; }
	@$(PYTHON) tools/set_up.py
	@.venv/bin/python examples/book.py "$(FILE)" $(if $(LIMIT),--limit $(LIMIT))

chaos:
	@$(PYTHON) tools/set_up.py --dev
	@SEEDS=$(or $(SEEDS),1) $(if $(BOOK),BOOK=$(BOOK)) .venv/bin/pytest tests/chaos -s -m "not soak"

soak:
	@$(PYTHON) tools/set_up.py --dev
	@.venv/bin/pytest tests/chaos -s -m soak

# LOAD=1 adds 300 summaries a second for a minute, and 100,000 at the start: five minutes more.
test-browser:
	@command -v chromium chromium-browser google-chrome google-chrome-stable > /dev/null || \
		{ echo "make test-browser needs a Chromium (Debian: apt install chromium); it downloads none"; exit 2; }
	@$(PYTHON) tools/set_up.py --dev
	@$(if $(SCREENSHOTS),SCREENSHOTS="$(abspath $(SCREENSHOTS))") .venv/bin/pytest tests/browser $(if $(LOAD),,-m "not load")

# Figures go to bench.json and bench.png. Two hours on 2 cores, on a machine that does nothing else.
bench:
	@$(PYTHON) tools/set_up.py --dev
	@.venv/bin/gistream bench $(TEXT) $(if $(LLAMA_SERVER),--llama-server $(LLAMA_SERVER)) $(if $(QUICK),--quick) \
		--json bench.json --chart bench.png

# A quarter of an hour on 2 cores, on a machine that does nothing else.
backlog:
	@$(PYTHON) tools/set_up.py --dev
	@.venv/bin/python -m tools.backlog
	@.venv/bin/gistream bench --systems pipeline --words 40 --pipeline-documents 1500

llama-server:
	@$(PYTHON) tools/set_up.py
	@.venv/bin/python tools/build_llama_server.py

swapped:
	@test -n "$(BOOK)" || { echo "make swapped BOOK=book.txt [ARGS='--skip 100']: a book with chapters"; exit 2; }
	@$(PYTHON) tools/set_up.py
	@.venv/bin/python tools/swapped_chapters.py "$(BOOK)" $(ARGS)

# Five minutes on 2 cores that do nothing else, 1.3 GB of disk.
verify-million:
	@$(PYTHON) tools/set_up.py
	@.venv/bin/python tools/measure_verify.py

# Three minutes on 2 cores that do nothing else, 0.5 GB of disk.
measure-live:
	@$(PYTHON) tools/set_up.py
	@.venv/bin/python -m tools.measure_live

# Ten minutes on 2 cores, 2 GB of disk.
measure-watch:
	@$(PYTHON) tools/set_up.py --dev
	@.venv/bin/pytest tests/chaos/test_watch_faults.py -s

# A quarter of an hour on 2 cores, 3 GB of memory.
big-document:
	@$(PYTHON) tools/set_up.py --dev
	@BIG_MEGABYTES=$(or $(MB),50) BIG_STRATEGIES="extractive auto" .venv/bin/pytest tests/integration/test_big_document.py -k megabytes -s

# Three minutes on 2 cores that do nothing else.
measure-produce:
	@$(PYTHON) tools/set_up.py
	@.venv/bin/python -m tools.measure_produce

clean:
	rm -rf .venv build
