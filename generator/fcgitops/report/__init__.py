"""The fleet on one HTML page."""
