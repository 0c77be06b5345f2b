"""`gistream bench`: gistream beside other ways to use llama.cpp, in one run, on the same documents.

scope.py         which systems are measured, and on how many documents
texts.py         documents out of a text: chapters or windows, cut to a number of words
workload.py      documents as every system gets them: chunks, and the tokens of their prompts
contract.py      the interface of a system: open, run, close
systems/         one file a system; each lives in a child process of its own
worker.py        the child's side of the pipe, child.py the parent's
grid.py          a system's best settings, search.py the search for them
rounds.py        all systems in turn, busy.py the busy process beside some of them
measurements.py  the journal from which an interrupted benchmark is resumed
latency.py       one document on an idle pipeline, against the engine alone
footprints.py    the memory of an engine, against the prediction; resident.py measures it in a child
bench.py         the whole benchmark, step by step
figures.py       medians and ratios; results.py all figures as JSON; report.py, chart.py and cli.py show them
"""
