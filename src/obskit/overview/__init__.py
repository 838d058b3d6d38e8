"""How a service is, as people look at it: read from the registry, the store and its processes."""
