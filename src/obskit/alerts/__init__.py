"""From what is declared to rules, routes and dashboards: pure generators, never imported at run time."""
