"""What everything else stands on: problems and findings as values, what is said, signals."""
