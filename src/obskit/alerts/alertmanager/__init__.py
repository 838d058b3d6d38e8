"""From who hears of what to the configuration of Alertmanager, valid from version 0.25 on."""
