"""What a run tells machines about itself: metrics for Prometheus, two health checks, a log of JSON lines."""
