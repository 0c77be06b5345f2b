"""Writes the generated parts of docs/: the JSON Schemas, the table of settings, and the figures of a benchmark.

python tools/write_docs.py [FOLDER]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from performance_page import page
from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined

from streaming.messages import DeadLetter, Document, DocumentReference, Summary
from streaming.settings import Settings

_DOCS = Path(__file__).parent.parent / "docs"
_INTRODUCTION = """# Configuration

gistream looks for a setting in this order: a flag (`--batch-documents 8`), the environment
(`GISTREAM_BATCH_DOCUMENTS=8`), the file `gistream.toml` in the working directory or the file that `GISTREAM_CONFIG`
names (`batch_documents = 8`), the default. Not every setting is a flag (`--help` of a command lists its flags); every
setting can be in the environment and in the file. `gistream config show` prints all settings and their sources; secrets
are masked. `python tools/write_docs.py` writes this page from the code.

```toml
# gistream.toml
bootstrap_servers = "kafka.example:9093"
model = "/srv/models/qwen2.5-7b-instruct-q4_k_m.gguf"

[kafka]
security.protocol = "SASL_SSL"
sasl.mechanism = "PLAIN"
sasl.jaas.config = '''org.apache.kafka.common.security.plain.PlainLoginModule required
    username="me" password="${directory:/run/secrets:kafka-password}";'''
ssl.truststore.type = "PEM"
ssl.truststore.location = "/etc/ssl/kafka.pem"
```

Kafka's options have Kafka's own names. Spark gets all of them. gistream's producers and consumers are not written in
Java and get the login (PLAIN, SCRAM, OAUTHBEARER), TLS with PEM files, and timeouts; Kerberos and Java's own stores do
not work. [A secured Kafka](security.md) has an example of each, and says where secrets go.

| setting | default | |
| --- | --- | --- |
"""


def pages() -> dict[str, str]:
    """Return the generated pages by their path in docs/."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, PydanticUndefined, {}) else f"`{field.default}`"
        rows.append(f"| `{name}` | {default} | {(field.description or '').replace('|', chr(92) + '|')} |\n")
    schema_files = {f"schemas/{name}": text for name, text in _schemas().items()}
    all_systems, pipeline = (
        json.loads((_DOCS / name).read_text()) for name in ("performance.json", "performance-pipeline.json")
    )
    performance = page(all_systems, later=pipeline)
    return {**schema_files, "configuration.md": _INTRODUCTION + "".join(rows), "performance.md": performance}


def _schemas() -> dict[str, str]:
    """Return the JSON Schema of each message, by file name."""
    # The form that a producer may send, and the forms that a consumer gets.
    documents = TypeAdapter(Document | DocumentReference).json_schema(mode="validation")
    schemas = {
        "document.json": {
            "title": "Document",
            "description": "A document to summarize: with its `text`, or with the `uri` and the `sha256` of its file.",
            **documents,
        },
        "summary.json": Summary.model_json_schema(mode="serialization"),
        "dead-letter.json": DeadLetter.model_json_schema(mode="serialization"),
    }
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


def main() -> None:
    """Write the pages below the folder of the first argument, or docs/."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else _DOCS
    for path, text in pages().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


if __name__ == "__main__":
    main()
