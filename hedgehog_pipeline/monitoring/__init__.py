"""How people see that all is well: lag, status, health, alerts, quarantine, rules."""
