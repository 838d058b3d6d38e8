"""What obskit costs a service beside its peers: one app, one sink, measured in turn."""
