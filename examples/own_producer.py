"""A producer of your own: sends documents to gistream's input topic with kafka-python, and waits for Kafka's answers.

    python examples/own_producer.py

It shows the contract of a document (docs/messages.md). The key is the document's id, so all versions of a document are
in one partition, in their order. The value is JSON. `metadata` and the record's headers are copied to the summary. A
record with a key and no value deletes the summary of that key.

Kafka's address and the topic come from gistream's settings (GISTREAM_BOOTSTRAP_SERVERS, GISTREAM_INPUT_TOPIC, or the
embedded broker); in your own program put two strings there.
"""

from __future__ import annotations

import json

from kafka import KafkaProducer

from streaming.settings import load

DOCUMENTS = [
    {
        "id": "minutes-1",
        "title": "Minutes of March",
        "text": "The committee met on Monday. It decided to repair the bridge before the winter. Anna pays the stone.",
        "metadata": {"team": "works"},
    },
    {
        "id": "minutes-2",
        "title": "Minutes of April",
        "text": "The committee met again. The stone for the bridge came late. The repair begins in May.",
        "metadata": {"team": "works"},
    },
]


def main() -> None:
    """Send the documents; raises `KafkaError` for the first that Kafka does not acknowledge."""
    settings = load({})
    producer = KafkaProducer(
        bootstrap_servers=settings.servers.split(","),
        # Without loss and without repeats: all replicas answer, and a retry is stored once.
        acks="all",
        enable_idempotence=True,
        key_serializer=str.encode,
        value_serializer=lambda document: json.dumps(document).encode(),
    )
    headers = [("sent-by", b"own_producer")]
    futures = [
        producer.send(settings.input_topic, key=document["id"], value=document, headers=headers)
        for document in DOCUMENTS
    ]
    for document, future in zip(DOCUMENTS, futures, strict=True):
        # Kafka has the document only after its answer; `get` waits for the answer.
        metadata = future.get(timeout=60)
        print(f"{document['id']}: partition {metadata.partition}, offset {metadata.offset}")
    producer.close()


if __name__ == "__main__":
    main()
