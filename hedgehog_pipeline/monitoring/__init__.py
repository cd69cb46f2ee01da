"""What people watch the platform by: logs, status, alerts."""
