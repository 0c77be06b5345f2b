"""What a reader of the topics knows now, for `gistream top` and the dashboard: rows, numbers, backlog, health.

It is an ordinary consumer: it reads the output topics, the ends of the input topics, and the offsets of the query's
consumer group. `LiveView` holds it all; `rows` are records as a list shows them, `feed` the newest of them, `overview`
the numbers of the last hour.
"""
