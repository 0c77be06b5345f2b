"""Spark's JVM: how its session is started, with which classes, files and logs, and what a cluster must give it."""
