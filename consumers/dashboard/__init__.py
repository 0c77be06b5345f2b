"""The dashboard: a web page that shows what happens on the topics, live. `app` has its routes, `serve` its server.

It is an ordinary consumer: it reads what `consumers.live` reads, and what its command hands in. The page in `static/`
draws what the API answers. Every text of a topic is data: the page makes text nodes of it, and its policy forbids all
else (`access`).
"""

# Free on most machines; 8080 is Spark's, llama-server's and many others'.
PORT = 8580
