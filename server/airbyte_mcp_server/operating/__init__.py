"""What an operator needs to run the server: doctor, logs, traces, health, readiness, metrics."""
