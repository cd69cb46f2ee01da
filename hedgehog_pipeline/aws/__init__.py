"""AWS: one client of each service in a process, and the SSM parameters of a deployment."""
