"""What an operator needs to run the server: doctor, logs, health, readiness, metrics."""
