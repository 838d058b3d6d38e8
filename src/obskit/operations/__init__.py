"""What must happen and what users do: jobs, operations, quotas."""
