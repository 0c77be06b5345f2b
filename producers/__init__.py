"""Producers send documents to Kafka: one file for each kind of producer, and the publisher that all of them share."""
