"""The engine in processes of its own, so that a native crash costs one request and a quiet topic no reload.

    Spark's workers  --socket-->  server                      --pipes-->  child
    (client.py)                   (server.py, workers.py)                 (child.py: the process with llama.cpp)

The server belongs to an executor and ends with it (`owner`). It runs no native code. It knows every request of every
worker, starts the child again when the child crashes, hangs or outgrows its memory, and decides which requests are
tried again (`ledger`). No module in here knows llama.cpp: a child loads any `EngineRecipe`.
"""
