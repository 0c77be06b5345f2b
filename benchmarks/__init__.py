"""`gistream bench`: gistream beside what people use instead, in one run, on the same documents.

texts.py       documents out of a text: chapters or windows, cut to a number of words
workload.py    documents as every system gets them: chunks, and the tokens of their prompts
contract.py    what a system is: open, run, close
systems/       one file a system; each lives in a child process of its own
worker.py      the child's side of the pipe, child.py the parent's
grid.py        a system's best settings, search.py the search for them
rounds.py      all systems in turn; kept.py what an interrupted run has measured; bench.py all of it, in order
latency.py     one document on an idle pipeline, against the engine alone
footprints.py  memory that an engine takes, against what was predicted
figures.py     medians and ratios; report.py, chart.py and cli.py show them
"""
