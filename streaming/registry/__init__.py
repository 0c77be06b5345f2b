"""Records whose schema is in a registry: Avro, JSON Schema and Protobuf in Confluent's frame, as values of JSON.

`access` says where the registry is and how to log in, `client` asks it, `reading` reads a record. It reads; it does not
check a record against rules that its schema has beyond the types, and it registers nothing.
"""
