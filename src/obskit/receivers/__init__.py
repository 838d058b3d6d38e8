"""Who hears of what: the people and channels that `alerts.toml` names."""
