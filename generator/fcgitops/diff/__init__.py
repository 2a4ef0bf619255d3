"""What a change does to clusters: objects compared, effects named, reported."""
