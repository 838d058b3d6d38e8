"""What leaves the process: resource, traces, metrics, logs, errors."""
