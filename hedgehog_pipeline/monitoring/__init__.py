"""Monitoring: lag, status, health probes, alerts, quarantine entries, and rules of the tables."""
