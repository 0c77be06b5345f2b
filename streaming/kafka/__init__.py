"""Kafka: the embedded broker, the topics, and the consumer group that shows the progress of a query."""
