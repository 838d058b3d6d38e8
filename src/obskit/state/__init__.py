"""What processes of a service share: results, history, silences, leases, runs of jobs."""
