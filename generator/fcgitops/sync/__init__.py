"""What Argo CD and Flux are pointed at, and what makes them let go."""
