"""What the integration tests share: a lab host, a droverd in front of it, and ways to talk to both."""
