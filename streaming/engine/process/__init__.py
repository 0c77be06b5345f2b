"""The engine in processes of its own, so that a native crash costs one request and a quiet topic no reload.

    Spark's workers  --socket-->  server  --pipes-->  child
    (client.py)                   (server.py)         (child.py: the one with llama.cpp and the weights)

The server belongs to an executor and ends with it (`owner`). It runs no native code: it knows every request of every
worker, starts the child again when that crashes, hangs or outgrows its memory, and decides who is tried again
(`ledger`). Nothing in here knows llama.cpp: a child loads whatever `EngineRecipe` it is told to.
"""
